package testcluster_test

import (
	"context"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/endpoint"
	"github.com/grapevine-go/grapevine/testcluster"
)

// connections counts, for each member, how many others connect to it, and those that a member has.
func connections(members []*testcluster.Member, of map[*testcluster.Member]*endpoint.Endpointer) (to map[any]int, fewest, most int) {
	to, fewest = make(map[any]int), len(members)
	for _, m := range members {
		endpoints, _ := of[m].Endpoints()
		fewest, most = min(fewest, len(endpoints)), max(most, len(endpoints))
		for _, call := range endpoints {
			if answer, err := call(context.Background(), nil); err == nil {
				to[answer]++
			}
		}
	}
	return to, fewest, most
}

// TestSubsetsOfACluster has each of twelve members connect to three of them, whoever has gone: all are used, and evenly.
func TestSubsetsOfACluster(t *testing.T) {
	virtual(t, 12, func(t *testing.T, c *testcluster.Cluster) {
		of := make(map[*testcluster.Member]*endpoint.Endpointer)
		for _, m := range c.Members {
			of[m] = endpoint.NewEndpointer(m.View(), "names", factoryOf(m.Client()), endpoint.Subset(3))
			t.Cleanup(of[m].Close)
		}
		check := func(n int) {
			t.Helper()
			time.Sleep(time.Second)
			synctest.Wait()
			to, fewest, most := connections(c.Members, of)
			for name, count := range to {
				if count < 3 || count > 5 {
					t.Errorf("of %d members %d connect to %v, want 3 to 5", n, count, name)
				}
			}
			if len(to) != n || fewest < 3 || most > 5 {
				t.Errorf("of %d members %d are connected to, each by %d to %d", n, len(to), fewest, most)
			}
		}
		check(12)
		c.Kill(c.Members[4])
		c.AwaitConverged(time.Minute)
		check(11)
		if err := c.Leave(c.Members[7]); err != nil {
			t.Fatal(err)
		}
		c.AwaitConverged(time.Minute)
		check(10)
	}, testcluster.WithService("names", named))
}

func factoryOf(client *http.Client) endpoint.Factory {
	return func(address string) (endpoint.Endpoint, io.Closer, error) {
		return func(ctx context.Context, _ any) (any, error) { return get(ctx, client, address) }, nil, nil
	}
}
