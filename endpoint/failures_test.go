package endpoint

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-kit/kit/sd/lb"

	"github.com/grapevine-go/grapevine/balancer"
)

func names(n int) (names, addresses []string) {
	for i := range n {
		names = append(names, string(rune('a'+i)))
		addresses = append(addresses, names[i]+":80")
	}
	return names, addresses
}

func checkNothingRemembered(t *testing.T, b *Balancer) {
	t.Helper()
	synctest.Wait() // for what runs as a context ends
	b.failed.mu.Lock()
	defer b.failed.mu.Unlock()
	if contexts := b.failed.contexts.Load(); contexts != 0 || len(b.failed.of) != 0 {
		t.Errorf("%d contexts are counted and %d remembered, want none", contexts, len(b.failed.of))
	}
}

// Whatever the policy wants, stock lb.Retry goes to each instance once before it goes to one again.
func TestStockRetryGoesToAnotherInstance(t *testing.T) {
	for policyName, policy := range map[string]balancer.Policy{"first": first, "random": balancer.Random()} {
		for n := 1; n <= 6; n++ {
			t.Run(fmt.Sprint(policyName, "/", n), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					names, addresses := names(n)
					users, want := newServers(), make(map[string]int)
					picks := balancerOf(t, newTown(names...), users, policy)
					users.answer(fail(errBroken), addresses...)
					for calls := 1; calls <= 3; calls++ {
						for _, address := range addresses {
							want[address]++
						}
						if _, err := lb.Retry(n, time.Minute, picks)(t.Context(), nil); err == nil {
							t.Error("the call succeeded")
						}
						users.check(t, "called", users.called, want)
						checkNothingRemembered(t, picks)
					}
					if _, err := lb.Retry(n+2, time.Minute, picks)(t.Context(), nil); err == nil || len(users.order) != 4*n+2 {
						t.Errorf("%d calls, %v, when all instances were tried, want %d", len(users.order), err, 4*n+2)
					}
					checkNothingRemembered(t, picks)
				})
			})
		}
	}
}

func TestFailuresOfOtherCallsDoNotCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		users := newServers()
		picks := balancerOf(t, newTown("a", "b"), users, first)
		users.answer(fail(errBroken), "a:80")
		users.answer(hang, "b:80")
		var calls sync.WaitGroup
		for range 4 { // too few for a to be ejected; they fail at a, and are at b
			calls.Go(func() { lb.Retry(2, time.Minute, picks)(t.Context(), nil) })
		}
		synctest.Wait()
		users.answer(nil, "a:80")
		checkAnswer(t, lb.Retry(2, time.Minute, picks), "a:80")
		users.check(t, "called", users.called, map[string]int{"a:80": 5, "b:80": 4})
		calls.Wait()
		checkNothingRemembered(t, picks)
	})
}

// A context may live long and serve many calls: what failed in it long ago is forgiven.
func TestFailuresAreForgiven(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		users := newServers()
		picks := balancerOf(t, newTown("a", "b"), users, first)
		users.answer(fail(errBroken), "a:80")
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		endpoint := plain(picks)
		for _, step := range []struct {
			pause time.Duration
			want  string
		}{{0, "a:80"}, {0, "b:80"}, {failuresCount - 1, "b:80"}, {1, "a:80"}, {0, "b:80"}} {
			time.Sleep(step.pause)
			endpoint(ctx, nil)
			if got := users.order[len(users.order)-1]; got != step.want {
				t.Errorf("after %v %s is called, want %s", step.pause, got, step.want)
			}
		}
		cancel()
		checkNothingRemembered(t, picks)
	})
}

// incomparable is a context that cannot be the key of a map.
type incomparable struct {
	context.Context
	_ []int
}

// Calls whose context does not say when it ends, or cannot be told from others, are on their own.
func TestFailuresThatCannotBeRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		users := newServers()
		picks := balancerOf(t, newTown("a", "b"), users, first)
		users.answer(fail(errBroken), "a:80")
		ending, cancel := context.WithTimeout(t.Context(), time.Minute)
		ended, cancelEnded := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		cancelEnded()
		for _, ctx := range []context.Context{t.Context(), ended /* not called */, incomparable{Context: ending}} {
			for range 2 {
				plain(picks)(ctx, nil)
			}
			checkNothingRemembered(t, picks)
		}
		users.check(t, "called", users.called, map[string]int{"a:80": 4})
	})
}
