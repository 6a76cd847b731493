package endpoint

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/membership"
)

// The context of the winner goes on after the call, that of the other has ended before.
func TestContextsOfARace(t *testing.T) {
	for name, takes := range map[string]time.Duration{"the first wins": time.Second, "the second wins": time.Hour} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr := trialOf(t)
				var mu sync.Mutex
				contexts := make(map[any]context.Context)
				kept := func(name string, endpoint Endpoint) Endpoint {
					return func(ctx context.Context, request any) (any, error) {
						mu.Lock()
						contexts[name] = ctx
						mu.Unlock()
						return endpoint(ctx, request)
					}
				}
				tr.answer(kept("a", after(takes, say("a"))), "a:80")
				tr.answer(kept("b", after(time.Minute, say("b"))), "b:80")
				ctx, cancel := context.WithCancel(t.Context())
				winner, err := tr.call(t, ctx)
				for name, of := range contexts {
					if ended := of.Err() != nil; ended != (name != winner) {
						t.Errorf("%v answers, %v, and the context of %s has ended: %v", winner, err, name, ended)
					}
				}
				cancel()
				if len(contexts) != 2 || contexts[winner].Err() == nil {
					t.Errorf("the context of %v outlives the caller's", winner)
				}
			})
		})
	}
}

// Over the network: the second call's body is read after the call, and the first leaves nothing behind.
func TestBodyOfTheSecondCall(t *testing.T) {
	defer goleak.VerifyNone(t)
	silent := httptest.NewServer(
		http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer silent.Close()
	rest := make(chan struct{})
	streams := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "first, ")
		w.(http.Flusher).Flush()
		<-rest
		io.WriteString(w, "rest")
	}))
	defer streams.Close()
	town := newTown("silent", "streams")
	for name, server := range map[string]*httptest.Server{"silent": silent, "streams": streams} {
		town.edit(name, func(r *membership.Record) { r.Services[0].Address = server.Listener.Addr().String() })
	}
	endpointer := NewEndpointer(town.View(), "users", get(http.DefaultClient))
	defer endpointer.Close()
	defer http.DefaultClient.CloseIdleConnections()
	await(endpointer, 2)
	silentFirst := func(s *balancer.Set) balancer.Picker {
		at := 0
		if town.View().Snapshot().Addresses("users")[0] != silent.Listener.Addr().String() {
			at = 1
		}
		return func(balancer.Call) int { return at }
	}
	h := newHedge(NewBalancer(endpointer, silentFirst), []HedgeOption{HedgeBudget(1)})
	h.took.at.Store(int64(time.Millisecond))
	body, err := h.call(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	close(rest)
	if got, err := io.ReadAll(body.(io.Reader)); string(got) != "first, rest" || err != nil {
		t.Errorf("the body is %q, %v, want all of it", got, err)
	}
	body.(io.Closer).Close()
}

// An endpoint that ignores its context does not hold up the answer of the other. Close waits for
// it, and drops its answer.
func TestHedgeReturnsBesideAnEndpointThatIgnoresItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := trialOf(t)
		var running, closed atomic.Int64
		wait := tr.took.p95() + lateness
		tr.answer(func(context.Context, any) (any, error) {
			running.Add(1)
			defer running.Add(-1)
			time.Sleep(time.Hour)
			return closerFunc(func() { closed.Add(1) }), nil
		}, "a:80")
		tr.answer(say("b"), "b:80")
		began := time.Now()
		if got, err := tr.call(t, t.Context()); got != "b" || err != nil || time.Since(began) != wait ||
			running.Load() != 1 {
			t.Errorf("after %v: %v, %v, and %d are running; want b after %v", time.Since(began), got, err,
				running.Load(), wait)
		}
		tr.balancer.from.Close()
		if closed.Load() != 1 || running.Load() != 0 {
			t.Errorf("after Close the answer that came too late was closed %d times, want once, and %d are running",
				closed.Load(), running.Load())
		}
	})
}

func TestFirstCallPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := trialOf(t)
		var ended context.Context
		tr.answer(func(ctx context.Context, _ any) (any, error) {
			ended = ctx
			time.Sleep(time.Second)
			panic("no such thing")
		}, "a:80")
		tr.answer(hang, "b:80")
		func() {
			defer func() {
				if recovered := recover(); recovered != "no such thing" {
					t.Errorf("recovered %v", recovered)
				}
			}()
			tr.call(t, t.Context())
		}()
		tr.check(t, "a:80 b:80", 0)
		for i, candidate := range tr.candidates {
			if candidate.InFlight() != 0 {
				t.Errorf("%d calls are in flight at instance %d", candidate.InFlight(), i)
			}
		}
		if ended.Err() == nil {
			t.Error("the context of the call goes on")
		}
	})
}

// Whoever gives a call up ends both, and neither has failed.
func TestRaceIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := trialOf(t)
		tr.answer(hang, "a:80", "b:80")
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		began := time.Now()
		if _, err := tr.call(t, ctx); !errors.Is(err, context.Canceled) || time.Since(began) != time.Second {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
		tr.check(t, "a:80 b:80")
	})
}

// With Retry the time of an attempt is that of both its calls, and the next one goes to a third instance.
func TestRetryOfAHedgedAttempt(t *testing.T) {
	for name, tt := range map[string]struct {
		answer Endpoint
		again  func(error) bool
		want   string
		failed []int
	}{
		"both fail":                    {after(time.Second, fail(errBroken)), nil, "a:80 b:80 c:80", []int{0, 1}},
		"both hang":                    {hang, nil, "a:80 b:80 c:80", []int{0, 1}},
		"both fail, not to be retried": {after(time.Second, fail(errBroken)), Unsent, "a:80 b:80", []int{0, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr := trialOf(t)
				options := []RetryOption{
					func(r *retry) { r.attempt = tr.attempt },
					PerTryTimeout(2 * time.Second),
					MaxAttempts(2),
				}
				if tt.again != nil {
					options = append(options, RetryIf(tt.again))
				}
				tr.answer(tt.answer, "a:80", "b:80")
				_, err := Retry(tr.balancer, options...)(t.Context(), nil)
				var retried *RetryError
				if failed := errors.As(err, &retried); failed != (tt.again != nil) ||
					failed && len(retried.Attempts) != 2 {
					t.Errorf("call: %v", err)
				}
				tr.check(t, tt.want, tt.failed...)
			})
		})
	}
}

// Of two calls that fail the one that is not retried decides, whichever was later.
func TestErrorOfAHedgedAttemptThatIsNotRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := trialOf(t)
		tr.answer(after(2*time.Second, fail(errRefused)), "a:80")
		tr.answer(after(time.Second, fail(errBroken)), "b:80")
		_, err := Retry(tr.balancer, func(r *retry) { r.attempt = tr.attempt }, RetryIf(Unsent))(t.Context(), nil)
		if !errors.Is(err, errBroken) || err.Error() != errBroken.Error() {
			t.Errorf("call: %v, want %v", err, errBroken)
		}
	})
}

// Only the call that was cut off says that it had no answer in time.
func TestTimeoutOfAHedgedAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := trialOf(t)
		tr.answer(after(time.Second, fail(errBroken)), "a:80")
		tr.answer(hang, "b:80")
		call := Retry(tr.balancer, func(r *retry) { r.attempt = tr.attempt }, PerTryTimeout(2*time.Second), MaxAttempts(1))
		_, err := call(t.Context(), nil)
		if err == nil || !strings.Contains(err.Error(), "no answer within 2s") {
			t.Errorf("call: %v", err)
		}
	})
}
