package endpoint

import (
	"context"
	"errors"
	"strings"
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
		"with the context's error": {hang, context.Canceled},
		"with its cause":           {func(ctx context.Context, _ any) (any, error) { <-ctx.Done(); return nil, context.Cause(ctx) }, errTryTimeout},
		"with an error of its own": {func(ctx context.Context, _ any) (any, error) { <-ctx.Done(); return nil, errBroken }, errBroken},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				users := newServers()
				users.answer(tt.answer, "a:80", "b:80", "c:80")
				start := time.Now()
				_, err := Retry(balancerOf(t, newTown("a", "b", "c"), users, first), PerTryTimeout(time.Second))(t.Context(), nil)
				if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, tt.err) {
					t.Errorf("the error is %v, want both %v and %v", err, context.DeadlineExceeded, tt.err)
				}
				if got := time.Since(start); got != 3*time.Second || strings.Count(err.Error(), "no answer within 1s") != 3 {
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

// An endpoint that ignores its context keeps the call, rather than go on behind its back.
func TestNothingOutlivesACall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		users, running := newServers(), 0
		users.answer(func(context.Context, any) (any, error) {
			running++
			defer func() { running-- }()
			time.Sleep(time.Hour)
			return nil, errBroken
		}, "a:80", "b:80", "c:80")
		start := time.Now()
		Retry(balancerOf(t, newTown("a", "b", "c"), users, first), PerTryTimeout(time.Second))(t.Context(), nil)
		if got := time.Since(start); got != 3*time.Hour || running != 0 {
			t.Errorf("after %v %d attempts are running, want none after 3h", got, running)
		}
	})
}
