package endpoint

import (
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/grapevine-go/grapevine/balancer"
)

// Calls with one key go to one instance, those with many or none to all, and a retry goes to another one.
func TestKeys(t *testing.T) {
	for name, policy := range map[string]func() balancer.Policy{"maglev": balancer.Maglev, "ringhash": balancer.RingHash} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				names, _ := names(5)
				users := newServers()
				b := balancerOf(t, newTown(names...), users, policy())
				call, _ := b.Endpoint()
				called := func(calls int, key func(i int) string) int {
					clear(users.called)
					for i := range calls {
						call(balancer.WithKey(t.Context(), key(i)), nil)
					}
					return len(users.called)
				}
				for user := range 20 {
					if got := called(20, func(int) string { return fmt.Sprint(user) }); got != 1 {
						t.Errorf("%d instances are called for one key", got)
					}
				}
				if got := called(200, func(i int) string { return fmt.Sprint(i) }); got != 5 {
					t.Errorf("%d instances of 5 are called for 200 keys", got)
				}
				if got := called(200, func(int) string { return "" }); got != 5 {
					t.Errorf("%d instances of 5 are called without a key", got)
				}
				clear(users.called)
				mine := balancer.WithKey(t.Context(), "mine")
				home, _ := call(mine, nil)
				users.answer(fail(errBroken), home.(string))
				elsewhere, err := Retry(b)(mine, nil)
				if again, _ := Retry(b)(mine, nil); err != nil || elsewhere == home || again != elsewhere {
					t.Errorf("once %v fails, %v and then %v answer, want another one both times", home, elsewhere, again)
				}
			})
		})
	}
}
