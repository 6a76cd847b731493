package endpoint

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/balancer"
)

type heldBack struct{}

func (heldBack) Error() string { return "held back" }
func (heldBack) Unsent() bool  { return true }

// What the balancer thinks of an instance after one call.
func TestOutcome(t *testing.T) {
	notFound := errors.New("not found")
	found := FailureIf(func(err error) bool { return !errors.Is(err, notFound) })
	never := FailureIf(func(error) bool { return false })
	for name, tt := range map[string]struct {
		err     error
		options []BalancerOption
		failed  bool
	}{
		"an answer":                        {nil, nil, false},
		"an application's error":           {errBroken, nil, true},
		"one that is none of the instance": {fmt.Errorf("user 7: %w", notFound), []BalancerOption{found}, false},
		"one that is":                      {errBroken, []BalancerOption{found}, true},
		"any":                              {errBroken, []BalancerOption{never}, false},
		"refused":                          {errRefused, []BalancerOption{never}, true},
		"reset":                            {read(syscall.ECONNRESET), []BalancerOption{never}, true},
		"closed by the server":             {io.EOF, []BalancerOption{never}, true},
		"timed out":                        {context.DeadlineExceeded, []BalancerOption{never}, true},
		"held back by a breaker":           {heldBack{}, []BalancerOption{never}, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				users := newServers()
				users.answer(fail(tt.err), "a:80")
				if got := errorsAfter(t, t.Context(), users, tt.options...); got != tt.failed {
					t.Errorf("it failed: %v, want %v", got, tt.failed)
				}
			})
		})
	}
}

// errorsAfter says whether a call within ctx to the only instance counts as a failure.
func errorsAfter(t *testing.T, ctx context.Context, users *servers, options ...BalancerOption) bool {
	var of *balancer.Candidate
	policy := func(s *balancer.Set) balancer.Picker {
		of = s.Candidates[0]
		return first(s)
	}
	b := NewBalancer(endpointerOf(t, newTown("a"), users.factory), policy, options...)
	b.call(ctx, nil)
	if of.InFlight() != 0 {
		t.Errorf("%d calls are in flight", of.InFlight())
	}
	return of.Errors() > 0
}

// A call that its caller gives up is nobody's failure, one that its caller gives too little time is the instance's.
func TestOutcomeOfACallThatEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		users := newServers()
		users.answer(hang, "a:80")
		gone, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		if errorsAfter(t, gone, users) {
			t.Error("a call that was cancelled counts as a failure")
		}
		late, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if !errorsAfter(t, late, users) {
			t.Error("a call that ran out of time does not count as a failure")
		}
	})
}

// A call whose time was over before it began reaches nobody, and is nobody's failure: also with
// Go kit's own balancers and retries.
func TestOutcomeOfACallThatIsOverBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		town, users := newTown("a"), newServers()
		reports := reportsOf(town)
		late, cancel := context.WithTimeout(t.Context(), 0)
		defer cancel()
		if errorsAfter(t, late, users) {
			t.Error("it counts as a failure")
		}
		e := endpointerOf(t, town, users.factory)
		all, _ := e.Endpoints()
		for name, call := range map[string]Endpoint{"Balancer": NewBalancer(e, first).call, "Endpoints": all[0],
			"Hedge": Hedge(NewBalancer(e, first))} {
			if _, err := call(late, nil); err != context.DeadlineExceeded {
				t.Errorf("%s: %v", name, err)
			}
		}
		users.check(t, "called", users.called, nil)
		reports.check(t)
	})
}
