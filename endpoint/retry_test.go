package endpoint

import (
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/grapevine-go/grapevine/balancer"
)

// plenty is a budget that never ends.
var plenty = Budget(100)

func TestRetrySucceedsWithAnotherInstance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		users := newServers()
		users.answer(fail(errBroken), "a:80", "b:80")
		checkAnswer(t, Retry(balancerOf(t, newTown("a", "b", "c"), users, first)), "c:80")
		users.check(t, "called", users.called, map[string]int{"a:80": 1, "b:80": 1, "c:80": 1})
	})
}

// Whatever the policy wants, no instance is called twice while another is left.
func TestRetryGoesToAnotherInstance(t *testing.T) {
	for name, policy := range map[string]func() balancer.Policy{
		"first":        func() balancer.Policy { return first },
		"random":       balancer.Random,
		"roundrobin":   balancer.RoundRobin,
		"leastrequest": balancer.LeastRequest,
	} {
		for n := 1; n <= 6; n++ {
			t.Run(fmt.Sprint(name, "/", n), func(t *testing.T) {
				for attempts := 1; attempts <= 10; attempts++ {
					synctest.Test(t, func(t *testing.T) { checkAttempts(t, policy(), n, attempts) })
				}
			})
		}
	}
}

func checkAttempts(t *testing.T, policy balancer.Policy, n, attempts int) {
	names, addresses := names(n)
	users := newServers()
	users.answer(fail(errBroken), addresses...)
	call := Retry(balancerOf(t, newTown(names...), users, policy), MaxAttempts(attempts), plenty)
	if _, err := call(t.Context(), nil); err == nil {
		t.Error("the call succeeded")
	}
	if len(users.order) != attempts {
		t.Errorf("%d attempts, want %d", len(users.order), attempts)
	}
	if different := len(users.called); different != min(n, attempts) {
		t.Errorf("%d instances of %d called in %d attempts: %s", different, n, attempts, users.order)
	}
	seen := make(map[string]bool)
	for _, address := range users.order[:min(n, attempts)] {
		if seen[address] {
			t.Errorf("%s is called again while another of %d is left: %s", address, n, users.order)
		}
		seen[address] = true
	}
}

func TestMaxAttempts(t *testing.T) {
	for name, tt := range map[string]struct {
		options []RetryOption
		want    int
	}{
		"default": {nil, 3},
		"five":    {[]RetryOption{MaxAttempts(5)}, 5},
		"one":     {[]RetryOption{MaxAttempts(1)}, 1},
		"none":    {[]RetryOption{MaxAttempts(0)}, 1},
		"below":   {[]RetryOption{MaxAttempts(-1)}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				users := newServers()
				users.answer(fail(errBroken), "a:80")
				Retry(balancerOf(t, newTown("a"), users, first), append(tt.options, plenty)...)(t.Context(), nil)
				if got := users.called["a:80"]; got != tt.want {
					t.Errorf("%d attempts, want %d", got, tt.want)
				}
			})
		})
	}
}
