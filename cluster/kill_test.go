package cluster_test

import (
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/membership"
	"github.com/grapevine-go/grapevine/testcluster"
)

// withUsers gives every member an instance of users.
func withUsers(t *testing.T, c *testcluster.Cluster) {
	t.Helper()
	for _, m := range c.Members {
		mustRegister(t, m, users(m))
	}
	c.AwaitConverged(time.Second)
}

func instanceOf(t *testing.T, m *testcluster.Member, name string) membership.Instance {
	t.Helper()
	for _, instance := range m.View().Snapshot().Instances("users") {
		if instance.Member == name {
			return instance
		}
	}
	t.Fatalf("%s does not see an instance of %s", m.Name(), name)
	return membership.Instance{}
}

// TestFault13_KilledProcess leaves it to SWIM: nobody calls the process that was killed.
func TestFault13_KilledProcess(t *testing.T) {
	virtual(t, 10, func(t *testing.T, c *testcluster.Cluster) {
		withUsers(t, c)
		killed := c.Members[6]
		c.Kill(killed)
		begin := time.Now()
		stop := stays(t, c.Members, "the nine others", func(s *membership.Snapshot) bool { return len(s.Members()) >= 9 })
		c.AwaitViews(15*time.Second, c.Members, lacks(killed.Name()))
		t.Log("by SWIM alone, gone after", time.Since(begin))
		time.Sleep(time.Minute)
		stop()
		c.AwaitConverged(0)
	})
}

// TestFault13_RefusedCall has one member call the process that was killed. All others hear of it from that one.
func TestFault13_RefusedCall(t *testing.T) {
	virtual(t, 10, func(t *testing.T, c *testcluster.Cluster) {
		withUsers(t, c)
		killed := c.Members[6]
		c.Kill(killed)
		caller := c.Members[2]
		caller.View().Report(instanceOf(t, caller, killed.Name()), membership.Refused)
		c.AwaitViews(200*time.Millisecond, c.Members, lacks(killed.Name()))
		stop := stays(t, c.Members, "without the one that was killed", both(lacks(killed.Name()), members(9)))
		time.Sleep(2 * time.Minute) // nor does it come back when SWIM and push/pull catch up
		stop()
	})
}
