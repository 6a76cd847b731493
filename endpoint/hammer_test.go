package endpoint

import (
	"context"
	"errors"
	"io"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/grapevine-go/grapevine/balancer"
)

const (
	hammerCallers = 8
	hammerCalls   = 500 // of each caller
)

// fragile is a factory whose endpoints fail when they are called although they are closed, and that counts.
type fragile struct{ made, closed, closedAgain atomic.Int64 }

func (f *fragile) factory(string) (Endpoint, io.Closer, error) {
	f.made.Add(1)
	var closed atomic.Bool
	answer := func(context.Context, any) (any, error) {
		for range 3 {
			if closed.Load() {
				return nil, errors.New("used although it is closed")
			}
			runtime.Gosched()
		}
		return nil, nil
	}
	return answer, closerFunc(func() {
		f.closed.Add(1)
		if closed.Swap(true) {
			f.closedAgain.Add(1)
		}
	}), nil
}

func TestCallsWhileInstancesComeAndGo(t *testing.T) {
	for name, endpointOf := range map[string]func(*Balancer) Endpoint{
		"Balancer": func(b *Balancer) Endpoint { endpoint, _ := b.Endpoint(); return endpoint },
		"Retry":    func(b *Balancer) Endpoint { return Retry(b, MaxAttempts(1)) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				town, users := newTown("a"), new(fragile)
				endpointer := endpointerOf(t, town, users.factory)
				hammer(t, town, endpointOf(NewBalancer(endpointer, balancer.RoundRobin())))
				endpointer.Close()
				if made, closed := users.made.Load(), users.closed.Load(); made != closed || users.closedAgain.Load() != 0 {
					t.Errorf("%d made, %d closed, %d of them again", made, closed, users.closedAgain.Load())
				}
			})
		})
	}
}

func hammer(t *testing.T, town *town, endpoint Endpoint) {
	defer churn(town)()
	var callers sync.WaitGroup
	for range hammerCallers {
		callers.Go(func() {
			for range hammerCalls {
				if _, err := endpoint(context.Background(), nil); err != nil {
					t.Errorf("call: %v", err)
					return
				}
			}
		})
	}
	callers.Wait()
}
