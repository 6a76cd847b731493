package endpoint

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-kit/kit/sd/lb"

	"github.com/grapevine-go/grapevine/balancer"
)

// census is a policy that remembers the candidates that it was given last.
type census struct {
	policy     balancer.Policy
	candidates []*balancer.Candidate
}

func (c *census) take(s *balancer.Set) balancer.Picker {
	c.candidates = s.Candidates
	return c.policy(s)
}

func (c *census) check(t *testing.T, want ...int64) {
	t.Helper()
	for i, candidate := range c.candidates {
		if got := candidate.InFlight(); got != want[i] {
			t.Errorf("instance %d has %d calls in flight, want %d", i, got, want[i])
		}
	}
}

func TestCallsInFlightAreCounted(t *testing.T) {
	for name, tt := range map[string]struct {
		retry  func(*Balancer) Endpoint
		answer Endpoint
	}{
		"success":           {plain, func(context.Context, any) (any, error) { return "yes", nil }},
		"error":             {plain, fail(errBroken)},
		"panic":             {plain, func(context.Context, any) (any, error) { panic("help") }},
		"panic under Retry": {func(b *Balancer) Endpoint { return Retry(b) }, func(context.Context, any) (any, error) { panic("help") }},
		"panic within a time": {func(b *Balancer) Endpoint { return Retry(b, PerTryTimeout(time.Second)) },
			func(context.Context, any) (any, error) { panic("help") }},
		"errors under Retry":      {func(b *Balancer) Endpoint { return Retry(b) }, fail(errBroken)},
		"errors under lb.Retry":   {func(b *Balancer) Endpoint { return lb.Retry(3, time.Minute, b) }, fail(errBroken)},
		"time out under lb.Retry": {func(b *Balancer) Endpoint { return lb.Retry(3, time.Minute, b) }, hang},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				town, users, counted := newTown("a"), newServers(), &census{policy: balancer.LeastRequest()}
				endpoint := tt.retry(balancerOf(t, town, users, counted.take))
				during := int64(-1)
				users.answer(func(ctx context.Context, request any) (any, error) {
					during = counted.candidates[0].InFlight()
					return tt.answer(ctx, request)
				}, "a:80")
				func() {
					defer func() { recover() }()
					endpoint(t.Context(), nil)
				}()
				synctest.Wait()
				counted.check(t, 0)
				if during != 1 {
					t.Errorf("%d calls in flight during one", during)
				}
				town.leave("a")
				synctest.Wait()
				users.check(t, "closed", users.closed, map[string]int{"a:80": 1})
			})
		})
	}
}

func plain(b *Balancer) Endpoint {
	endpoint, _ := b.Endpoint()
	return endpoint
}

// Under stock lb.Retry too, an instance that does not answer gets no call but its first.
func TestLeastRequestSeesWhoDoesNotAnswer(t *testing.T) {
	for name, retry := range map[string]func(*Balancer) Endpoint{
		"lb.Retry": func(b *Balancer) Endpoint { return lb.Retry(3, time.Minute, b) },
		"Retry":    func(b *Balancer) Endpoint { return Retry(b) },
		"none":     plain,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				users, counted, gate := newServers(), &census{policy: balancer.LeastRequest()}, make(chan struct{})
				endpoint := retry(balancerOf(t, newTown("a", "b"), users, counted.take))
				users.answer(gated(gate), "a:80")
				var calls sync.WaitGroup
				for range 100 {
					calls.Go(func() { endpoint(t.Context(), nil) })
					synctest.Wait()
				}
				counted.check(t, 1, 0)
				users.check(t, "called", users.called, map[string]int{"a:80": 1, "b:80": 99})
				close(gate)
				calls.Wait()
				synctest.Wait()
				counted.check(t, 0, 0)
			})
		})
	}
}
