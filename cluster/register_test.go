package cluster_test

import (
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/membership"
	"github.com/grapevine-go/grapevine/testcluster"
)

// prompt is how long a change may take to reach everyone on a normal link: two latencies, and time to spare.
const prompt = 10 * time.Millisecond

func TestRegistrationReachesAll(t *testing.T) {
	virtual(t, 10, func(t *testing.T, c *testcluster.Cluster) {
		want := membership.Service{Name: "users", Address: "10.1.0.7:80", Version: "v2", Tags: []string{"canary"},
			Weight: 50, Metadata: map[string]string{"proto": "grpc"}}
		mustRegister(t, c.Members[4], want)
		c.AwaitViews(prompt, c.Members, offers("users", "10.1.0.7:80"))
		for _, m := range c.Members {
			got := m.View().Snapshot().Available("users")[0]
			if got.Member != "m5" || !reflect.DeepEqual(got.Service, want) {
				t.Errorf("%s sees %+v, want %+v of m5", m.Name(), got, want)
			}
		}
	})
}

func TestServicesComeAndGo(t *testing.T) {
	virtual(t, 3, func(t *testing.T, c *testcluster.Cluster) {
		users := mustRegister(t, c.Members[0], membership.Service{Name: "users", Address: "a:1"})
		mustRegister(t, c.Members[0], membership.Service{Name: "orders", Address: "a:2"})
		mustRegister(t, c.Members[1], membership.Service{Name: "users", Address: "b:1"})
		c.AwaitViews(prompt, c.Members, both(offers("users", "a:1", "b:1"), offers("orders", "a:2")))

		if err := users.Update(membership.Service{Name: "users", Address: "a:3", Weight: 7}); err != nil {
			t.Fatal(err)
		}
		c.AwaitViews(prompt, c.Members, both(offers("users", "a:3", "b:1"), offers("orders", "a:2")))

		for range 2 { // the second is safe
			if err := users.Deregister(); err != nil {
				t.Fatal(err)
			}
		}
		c.AwaitViews(prompt, c.Members, both(offers("users", "b:1"), offers("orders", "a:2")))
	})
}

func TestRegistrationAfterItsEnd(t *testing.T) {
	virtual(t, 2, func(t *testing.T, c *testcluster.Cluster) {
		m := c.Members[0]
		old := mustRegister(t, m, users(m))
		if err := old.Deregister(); err != nil {
			t.Fatal(err)
		}
		wantFieldError(t, old.Update(users(m)), "service name", "users")
		mustRegister(t, m, membership.Service{Name: "users", Address: "new:1"})
		if err := old.Deregister(); err != nil {
			t.Errorf("deregister again: %v", err)
		}
		wantFieldError(t, old.Update(users(m)), "service name", "users")
		synctest.Wait()
		if got := m.View().Snapshot(); !offers("users", "new:1")(got) {
			t.Errorf("a registration that ended changed its successor: %q", got.Addresses("users"))
		}
	})
}
