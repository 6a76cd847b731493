package cluster_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/membership"
	"github.com/grapevine-go/grapevine/testcluster"
)

// An instance starts when its service is registered, not with its process. An update is of the same life.
func TestInstancesStartWithTheirRegistration(t *testing.T) {
	virtual(t, 3, func(t *testing.T, c *testcluster.Cluster) {
		m := c.Members[1]
		check := func(when, service string, want time.Time) {
			t.Helper()
			time.Sleep(time.Second)
			synctest.Wait()
			for _, other := range c.Members {
				got := other.View().Snapshot().Instances(service)
				if len(got) != 1 || got[0].Started.Sub(want).Abs() > time.Millisecond {
					t.Errorf("%s: %s sees %+v, want a start at %v", when, other.Name(), got, want)
				}
			}
		}
		time.Sleep(time.Minute)
		first := time.Now()
		users := mustRegister(t, m, membership.Service{Name: "users", Address: "a:1"})
		check("registered late", "users", first)
		time.Sleep(time.Minute)
		second := time.Now()
		mustRegister(t, m, membership.Service{Name: "orders", Address: "a:2"})
		check("another service", "orders", second)
		if err := users.Update(membership.Service{Name: "users", Address: "a:3", Weight: 7}); err != nil {
			t.Fatal(err)
		}
		check("updated", "users", first)
		if err := users.Deregister(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		again := time.Now()
		mustRegister(t, m, membership.Service{Name: "users", Address: "a:1"})
		check("registered anew", "users", again)
		check("beside it", "orders", second)
		seen, _ := c.Members[0].View().Snapshot().Member(m.Name())
		if !seen.Started.Before(first) {
			t.Errorf("the member started at %v, want before %v", seen.Started, first)
		}
	})
}
