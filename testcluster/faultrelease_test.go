package testcluster_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/membership"
	"github.com/grapevine-go/grapevine/testcluster"
)

// firstRelease lets every other member act as the release that came with wire version 1.
var firstRelease = testcluster.WithConfig(func(i int, config *cluster.Config) {
	if i%2 == 0 {
		config.WireVersion = 1
	}
})

// mixed runs test with five members of two releases, each of which has registered a service.
func mixed(t *testing.T, test func(t *testing.T, c *testcluster.Cluster, old map[string]bool)) {
	t.Helper()
	virtual(t, 5, func(t *testing.T, c *testcluster.Cluster) {
		old := map[string]bool{"m1": true, "m3": true, "m5": true}
		for _, m := range c.Members {
			offer(t, m)
		}
		c.AwaitConverged(5 * time.Second)
		test(t, c, old)
	}, firstRelease)
}

func offer(t *testing.T, m *testcluster.Member) {
	t.Helper()
	if _, err := m.Register(membership.Service{Name: "users", Address: m.Name() + ".example:80"}); err != nil {
		t.Fatalf("%s: %v", m.Name(), err)
	}
}

// knowsStarts says that a view tells when each process started, unless it or its viewer is old and cannot say so.
func knowsStarts(viewer *testcluster.Member, old map[string]bool) condition {
	return func(s view) bool {
		for _, instance := range s.Instances("users") {
			silent := instance.Member != viewer.Name() && (old[viewer.Name()] || old[instance.Member])
			if instance.Started.IsZero() != silent {
				return false
			}
		}
		return len(s.Instances("users")) == 5
	}
}

func awaitStarts(c *testcluster.Cluster, old map[string]bool) {
	for _, m := range c.Members {
		c.AwaitViews(5*time.Second, []*testcluster.Member{m}, knowsStarts(m, old))
	}
}

func TestFault31_TwoReleasesSeeEachOther(t *testing.T) {
	mixed(t, func(t *testing.T, c *testcluster.Cluster, old map[string]bool) {
		awaitStarts(c, old)
		time.Sleep(3 * time.Minute) // what push/pull tells in the oldest form takes nothing back
		awaitStarts(c, old)
		c.AwaitConverged(0)
	})
}

// TestFault31_DrainAcrossReleases has one member of each release drain: those of the other confirm it.
func TestFault31_DrainAcrossReleases(t *testing.T) {
	mixed(t, func(t *testing.T, c *testcluster.Cluster, _ map[string]bool) {
		for _, m := range c.Members[:2] {
			if err := m.Drain(within(t, 5*time.Second)); err != nil {
				t.Errorf("%s: %v", m.Name(), err)
			}
			c.AwaitConverged(0)
		}
		if got := c.Members[4].View().Snapshot().Addresses("users"); len(got) != 3 {
			t.Errorf("new calls go to %v", got)
		}
	})
}

// TestFault31_RollingUpgrade restarts the old members as new ones, one after another, and then goes back.
func TestFault31_RollingUpgrade(t *testing.T) {
	mixed(t, func(t *testing.T, c *testcluster.Cluster, old map[string]bool) {
		for _, version := range []byte{2, 1} {
			for i := range 5 {
				name := fmt.Sprintf("m%d", i+1)
				restartAs(t, c, name, version)
				old[name] = version == 1
				c.AwaitConverged(5 * time.Second)
				awaitStarts(c, old)
			}
		}
	})
}

// restartAs drains a member, ends it and starts it in place as another release, while the others keep each other.
func restartAs(t *testing.T, c *testcluster.Cluster, name string, version byte) {
	t.Helper()
	at := 0
	for c.Members[at].Name() != name {
		at++
	}
	m := c.Members[at]
	rest := except(c, m)
	defer throughout(t, rest, "lists the others", lists(rest...))()
	if err := c.Leave(m); err != nil {
		t.Errorf("%s leaves: %v", name, err)
	}
	offer(t, c.Run(c.Network.HostAt(m.Host.IP()), cluster.Config{Name: name, WireVersion: version}))
}
