package endpoint

import (
	"context"
	"errors"
	"net"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/balancer"
)

func TestPerTryTimeoutFreesACall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		users := newServers()
		users.answer(hang, "a:80")
		call := Retry(balancerOf(t, newTown("a", "b"), users, first), PerTryTimeout(time.Second))
		start := time.Now()
		checkAnswer(t, call, "b:80")
		if got := time.Since(start); got != time.Second {
			t.Errorf("the call took %v, want 1s", got)
		}
	})
}

func TestAllInstancesHang(t *testing.T) {
	for name, tt := range map[string]struct {
		answer Endpoint
		err    error
	}{
		"with the context's error": {hang, context.DeadlineExceeded},
		"with its cause":           {func(ctx context.Context, _ any) (any, error) { <-ctx.Done(); return nil, context.Cause(ctx) }, errTryTimeout},
		"with an error of its own": {func(ctx context.Context, _ any) (any, error) { <-ctx.Done(); return nil, errBroken }, errBroken},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				users := newServers()
				users.answer(tt.answer, "a:80", "b:80", "c:80")
				start := time.Now()
				call := Retry(balancerOf(t, newTown("a", "b", "c"), users, first), PerTryTimeout(time.Second))
				_, err := call(t.Context(), nil)
				if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, tt.err) ||
					errors.Is(err, context.Canceled) {
					t.Errorf("the error is %v, want both %v and %v", err, context.DeadlineExceeded, tt.err)
				}
				var timeout net.Error
				if !errors.As(err, &timeout) || !timeout.Timeout() || !os.IsTimeout(err) {
					t.Errorf("%v is no time-out", err)
				}
				if got := time.Since(start); got != 3*time.Second ||
					!strings.Contains(err.Error(), "after 3: no answer within 1s") {
					t.Errorf("after %v: %v, want three attempts of 1s", got, err)
				}
			})
		})
	}
}

func TestFailureInTimeIsNoTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		users := newServers()
		users.answer(func(context.Context, any) (any, error) {
			time.Sleep(time.Second - 1)
			return nil, errBroken
		}, "a:80")
		_, err := Retry(balancerOf(t, newTown("a"), users, first), PerTryTimeout(time.Second))(t.Context(), nil)
		if !errors.Is(err, errBroken) || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the error is %v, want %v alone", err, errBroken)
		}
	})
}

func TestCallersDeadlineComesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		users := newServers()
		users.answer(hang, "a:80", "b:80")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		_, err := Retry(balancerOf(t, newTown("a", "b"), users, first), PerTryTimeout(time.Minute))(ctx, nil)
		if got := time.Since(start); got != time.Second || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("after %v: %v, want %v after 1s", got, err, context.DeadlineExceeded)
		}
		users.check(t, "called", users.called, map[string]int{"a:80": 1})
	})
}

// A failed attempt's context is released at once, so that whatever it began ends.
func TestContextOfAnAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var attempts []context.Context
		users := newServers()
		answer := func(ctx context.Context, _ any) (any, error) {
			attempts = append(attempts, ctx)
			return nil, []error{errBroken, nil}[len(attempts)-1]
		}
		users.answer(answer, "a:80", "b:80")
		ctx, cancel := context.WithCancel(t.Context())
		call := Retry(balancerOf(t, newTown("a", "b"), users, balancer.RoundRobin()), PerTryTimeout(time.Second))
		if _, err := call(ctx, nil); err != nil {
			t.Fatal(err)
		}
		if attempts[0].Err() == nil {
			t.Error("the context of the failed attempt goes on")
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if err := attempts[1].Err(); err != nil {
			t.Errorf("the context of the attempt that succeeded has ended: %v", err)
		}
		cancel()
		if attempts[1].Err() == nil {
			t.Error("the context of the attempt outlives the caller's")
		}
	})
}

// A call returns at the end of its context, or of the time for an attempt, whatever its endpoint
// does. Close waits for those.
func TestRetryReturnsBesideEndpointsThatIgnoreTheirContexts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		users := newServers()
		var running, closed atomic.Int64
		users.answer(func(context.Context, any) (any, error) {
			running.Add(1)
			defer running.Add(-1)
			time.Sleep(time.Hour)
			return closerFunc(func() { closed.Add(1) }), nil
		}, "a:80", "b:80", "c:80")
		b := balancerOf(t, newTown("a", "b", "c"), users, first)
		for name, tt := range map[string]struct {
			call Endpoint
			ctx  context.Context
			want time.Duration
		}{
			"the call's context": {Retry(b), nil, time.Second + lateness},
			"the time for one":   {Retry(b, PerTryTimeout(time.Second)), t.Context(), 3 * (time.Second + lateness)},
			"both":               {Retry(b, PerTryTimeout(time.Minute)), nil, time.Second + lateness},
			"hedged":             {Hedge(b), nil, time.Second + lateness},
		} {
			ctx, cancel := tt.ctx, func() {}
			if ctx != t.Context() {
				ctx, cancel = context.WithTimeout(t.Context(), time.Second)
			}
			start := time.Now()
			_, err := tt.call(ctx, nil)
			cancel()
			if got := time.Since(start); got != tt.want || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s: %v after %v, want %v", name, err, got, tt.want)
			}
		}
		if got := running.Load(); got != 6 {
			t.Errorf("%d are running, want 6", got)
		}
		b.from.Close()
		if running.Load() != 0 || closed.Load() != 6 {
			t.Errorf("after Close %d are running, and %d answers were closed", running.Load(), closed.Load())
		}
		users.check(t, "closed", users.closed, map[string]int{"a:80": 1, "b:80": 1, "c:80": 1})
	})
}

// A panic of an endpoint, and the end of its goroutine, reach the caller.
func TestPanicOfAnAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		users := newServers()
		users.answer(func(context.Context, any) (any, error) { panic("no such thing") }, "a:80")
		users.answer(func(context.Context, any) (any, error) { runtime.Goexit(); return nil, nil }, "b:80")
		b := balancerOf(t, newTown("a", "b"), users, first)
		var recovered any
		func() {
			defer func() { recovered = recover() }()
			Retry(b)(t.Context(), nil)
		}()
		users.answer(fail(errRefused), "a:80")
		left := make(chan struct{})
		returned := false
		go func() {
			defer close(left)
			Retry(b)(t.Context(), nil)
			returned = true
		}()
		<-left
		if recovered != "no such thing" || returned {
			t.Errorf("recovered %v, and the caller goes on: %v", recovered, returned)
		}
	})
}
