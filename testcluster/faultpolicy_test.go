package testcluster_test

import (
	"context"
	"io"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/endpoint"
	"github.com/grapevine-go/grapevine/testcluster"
)

// TestFault36_PolicyPanics has a policy of the user's panic when the set is of three: calls go on, also once it has changed.
func TestFault36_PolicyPanics(t *testing.T) {
	virtual(t, 2, func(t *testing.T, c *testcluster.Cluster) {
		policy := func(s *balancer.Set) balancer.Picker {
			if len(s.Candidates) == 3 {
				panic("no such thing")
			}
			return func(balancer.Call) int { return 0 }
		}
		client := c.Members[0].Client()
		e := endpoint.NewEndpointer(c.Members[0].View(), "users", func(address string) (endpoint.Endpoint, io.Closer, error) {
			return func(ctx context.Context, _ any) (any, error) { return get(ctx, client, address) }, nil, nil
		})
		defer e.Close()
		call := endpoint.Retry(endpoint.NewBalancer(e, policy))
		third := c.Add()
		c.AwaitConverged(time.Second)
		callEvery(t, call, 100*time.Millisecond, 20)
		c.Kill(third)
		c.AwaitConverged(time.Minute)
		if answers := callEvery(t, call, 100*time.Millisecond, 20); answers["m1"] != 20 {
			t.Errorf("the answers are %v, want the first member's", answers)
		}
	}, testcluster.WithService("users", named))
}
