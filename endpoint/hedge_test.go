package endpoint

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/balancer"
)

// after is an endpoint that takes d, unless its context ends, and then does as answer does.
func after(d time.Duration, answer Endpoint) Endpoint {
	return func(ctx context.Context, request any) (any, error) {
		select {
		case <-time.After(d):
			return answer(ctx, request)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func say(answer any) Endpoint { return func(context.Context, any) (any, error) { return answer, nil } }

const usual = 10 * time.Millisecond

// trial is, in a bubble, a hedge over a, b and c, of which a is always called first. It has seen calls of the usual length, and
// saved up for 10 hedges.
type trial struct {
	*hedge
	*servers
	town       *town
	candidates []*balancer.Candidate
	log        strings.Builder
}

func trialOf(t *testing.T, options ...HedgeOption) *trial {
	tr := &trial{servers: newServers(), town: newTown("a", "b", "c")}
	policy := func(s *balancer.Set) balancer.Picker {
		tr.candidates = s.Candidates
		return first(s)
	}
	e := endpointerOf(t, tr.town, tr.factory, WithLogger(zerolog.New(&tr.log)))
	tr.hedge = newHedge(NewBalancer(e, policy), append([]HedgeOption{HedgeBudget(1)}, options...))
	tr.answer(after(usual, say("usual")), "a:80", "b:80", "c:80")
	for range leastSeen {
		tr.call(t, t.Context())
	}
	if got := tr.took.p95(); got < usual || got > usual+usual/16 {
		t.Fatalf("the percentile is %v, want %v", got, usual)
	}
	tr.order = nil
	return tr
}

func (tr *trial) call(t *testing.T, ctx context.Context) (any, error) {
	t.Helper()
	answer, err := tr.hedge.call(ctx, nil)
	for i, candidate := range tr.candidates {
		if candidate.InFlight() != 0 {
			t.Errorf("%d calls are in flight at instance %d", candidate.InFlight(), i)
		}
	}
	return answer, err
}

func (tr *trial) check(t *testing.T, called string, failed ...int) {
	t.Helper()
	if got := strings.Join(tr.order, " "); got != called {
		t.Errorf("called %q, want %q", got, called)
	}
	for i, candidate := range tr.candidates {
		if got := candidate.Errors() > 0; got != slices.Contains(failed, i) {
			t.Errorf("instance %d has failed: %v", i, got)
		}
	}
}

func TestSecondCall(t *testing.T) {
	const long = time.Hour
	panics := func(context.Context, any) (any, error) { panic("no such thing") }
	for name, tt := range map[string]struct {
		first, second Endpoint
		takes         time.Duration
		afterWait     bool
		want          string
		called        string
		failed        []int
	}{
		"the second answers": {after(long, say("a")), say("b"), 0, true, "b <nil>", "a:80 b:80", nil},
		"the second answers later": {after(long, say("a")), after(time.Second, say("b")), time.Second, true,
			"b <nil>", "a:80 b:80", nil},
		"the first answers in time": {say("a"), say("b"), 0, false, "a <nil>", "a:80", nil},
		"the first answers later": {after(time.Second, say("a")), after(long, say("b")), time.Second, false,
			"a <nil>", "a:80 b:80", nil},
		"the first fails in time": {fail(errBroken), say("b"), 0, false, "<nil> broken", "a:80", []int{0}},
		"the first fails later": {after(time.Second, fail(errBroken)), after(2*time.Second, say("b")), 2 * time.Second, true,
			"b <nil>", "a:80 b:80", []int{0}},
		"the second fails": {after(time.Second, say("a")), fail(errBroken), time.Second, false, "a <nil>", "a:80 b:80", []int{1}},
		"both fail": {after(time.Second, fail(errBroken)), fail(errRefused), time.Second, false,
			"<nil> endpoint: the second call failed too after 2: broken", "a:80 b:80", []int{0, 1}},
		"the second panics": {after(time.Second, say("a")), panics, time.Second, false, "a <nil>", "a:80 b:80", []int{1}},
		"the second panics, the first fails": {after(time.Second, fail(errBroken)), panics, time.Second, false,
			"<nil> endpoint: the second call failed too after 2: broken",
			"a:80 b:80", []int{0, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr := trialOf(t)
				tr.answer(tt.first, "a:80")
				tr.answer(tt.second, "b:80")
				began, takes := time.Now(), tt.takes
				if tt.afterWait {
					takes += tr.took.p95()
				}
				if got := fmt.Sprintln(tr.call(t, t.Context())); got != tt.want+"\n" {
					t.Errorf("call = %s, want %s", got, tt.want)
				}
				if took := time.Since(began); took != takes {
					t.Errorf("it took %v, want %v", took, takes)
				}
				tr.check(t, tt.called, tt.failed...)
				panicked := strings.Contains(tt.called+name, "panics")
				if panicked != strings.Contains(tr.log.String(), "no such thing") {
					t.Errorf("the log says %q", tr.log.String())
				}
			})
		})
	}
}

func TestErrorOfBothCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := trialOf(t)
		tr.answer(after(time.Second, fail(&userError{7})), "a:80")
		tr.answer(fail(errRefused), "b:80")
		_, err := tr.call(t, t.Context())
		var user *userError
		var both *RetryError
		if errors.Is(err, syscall.ECONNREFUSED) || !errors.As(err, &user) || Unsent(err) {
			t.Errorf("%v is not that of the later call", err)
		}
		if !errors.As(err, &both) || !errors.Is(both.Attempts[0], syscall.ECONNREFUSED) ||
			!errors.As(both.Attempts[1], &user) {
			t.Errorf("%v does not hold the history of both calls", err)
		}
	})
}

// When there is no second call.
func TestNoSecondCall(t *testing.T) {
	for name, tt := range map[string]struct {
		prepare func(*trial)
		options []HedgeOption
	}{
		"too few calls were seen":    {func(tr *trial) { tr.took.at.Store(0) }, nil},
		"the budget is spent":        {func(*trial) {}, []HedgeOption{HedgeBudget(0)}},
		"a negative budget":          {func(*trial) {}, []HedgeOption{HedgeBudget(-1)}},
		"the request may not":        {func(*trial) {}, []HedgeOption{HedgeIf(func(request any) bool { return request == "get" })}},
		"there is no other instance": {func(tr *trial) { tr.town.leave("b", "c"); synctest.Wait() }, nil},
		"the others leave meanwhile": {func(tr *trial) { time.AfterFunc(usual/2, func() { tr.town.leave("b", "c") }) }, nil},
		"the first is fast enough":   {func(*trial) {}, []HedgeOption{HedgeNotBefore(time.Second)}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr := trialOf(t, tt.options...)
				tr.answer(after(time.Second-1, say("a")), "a:80")
				tt.prepare(tr)
				if got, err := tr.call(t, t.Context()); got != "a" || err != nil {
					t.Errorf("call = %v, %v", got, err)
				}
				tr.check(t, "a:80")
			})
		})
	}
}
