package testcluster_test

import (
	"context"
	"io"
	"sync/atomic"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/endpoint"
	"github.com/grapevine-go/grapevine/membership"
	"github.com/grapevine-go/grapevine/testcluster"
)

// TestFault36_FactoryCallsBack has a factory ask and tell everything that hangs on the Endpointer that runs it, and panic the
// first few times that it runs: calls are answered by all in the end.
func TestFault36_FactoryCallsBack(t *testing.T) {
	virtual(t, 3, func(t *testing.T, c *testcluster.Cluster) {
		caller := c.Members[0]
		client := caller.Client()
		var endpointer atomic.Pointer[endpoint.Endpointer]
		var runs atomic.Int64
		e := endpoint.NewEndpointer(caller.View(), "users", func(address string) (endpoint.Endpoint, io.Closer, error) {
			for endpointer.Load() == nil {
				time.Sleep(time.Millisecond)
			}
			known, _ := endpointer.Load().Endpoints()
			if _, err := endpoint.NewBalancer(endpointer.Load(), balancer.RoundRobin()).Endpoint(); err != nil && len(known) > 0 {
				t.Errorf("of %d endpoints there is %v", len(known), err)
			}
			caller.View().Report(membership.Instance{Member: caller.Name()}, membership.TimedOut)
			registration, err := caller.Register(membership.Service{Name: "users-of-" + address[:4], Address: address})
			if err != nil {
				return nil, nil, err
			}
			if err := registration.Deregister(); err != nil || runs.Add(1) <= 4 {
				panic("no such thing")
			}
			return func(ctx context.Context, _ any) (any, error) { return get(ctx, client, address) }, nil, nil
		})
		defer e.Close()
		endpointer.Store(e)
		time.Sleep(10 * time.Second)
		answers := callEvery(t, endpoint.Retry(endpoint.NewBalancer(e, balancer.RoundRobin())), 10*time.Millisecond, 6)
		if answers["m1"] != 2 || answers["m2"] != 2 || answers["m3"] != 2 {
			t.Errorf("the answers are %v, want two of each member", answers)
		}
	}, testcluster.WithService("users", named))
}
