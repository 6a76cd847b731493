package endpoint

import (
	"context"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

// collections is how often garbage is collected before a test gives up; two or three times do.
const collections = 100

func ended(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}

// A caller's context may live as long as the process: the contexts of its calls must not pile up in it.
func TestContextsOfSuccessfulCallsAreReleased(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // outside of which Go runs cleanups
		var done []<-chan struct{}
		users := newServers()
		users.answer(func(ctx context.Context, _ any) (any, error) {
			done = append(done, ctx.Done())
			return nil, nil
		}, "a:80")
		call := Retry(balancerOf(t, newTown("a"), users, first), PerTryTimeout(time.Hour))
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		const calls = 10
		for range calls {
			call(ctx, nil)
		}
		released := 0
		for range collections {
			runtime.GC()
			call(ctx, nil)
			released = 0
			for _, done := range done[:calls] {
				if ended(done) {
					released++
				}
			}
			if released == calls {
				break
			}
		}
		if released != calls {
			t.Errorf("%d of %d contexts are released", released, calls)
		}
	})
}

// What still refers to the context, or to one that derives from it, keeps it: as a stream does that is being read.
func TestContextInUseIsNotReleased(t *testing.T) {
	type stream struct {
		ctx    context.Context
		cancel context.CancelFunc
	}
	for name, open := range map[string]func(context.Context) stream{
		"itself":   func(ctx context.Context) stream { return stream{ctx, func() {}} },
		"a value":  func(ctx context.Context) stream { return stream{context.WithValue(ctx, t, t), func() {}} },
		"a cancel": func(ctx context.Context) stream { ctx, cancel := context.WithCancel(ctx); return stream{ctx, cancel} },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				users := newServers()
				users.answer(func(ctx context.Context, _ any) (any, error) { return open(ctx), nil }, "a:80")
				call := Retry(balancerOf(t, newTown("a"), users, first), PerTryTimeout(time.Second))
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				response, err := call(ctx, nil)
				if err != nil {
					t.Fatal(err)
				}
				opened := response.(stream)
				for range 5 {
					runtime.GC()
					call(ctx, nil)
				}
				if err := opened.ctx.Err(); err != nil {
					t.Errorf("the context in use has ended: %v", err)
				}
				opened.cancel()
			})
		})
	}
}
