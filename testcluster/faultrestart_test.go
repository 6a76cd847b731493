package testcluster_test

import (
	"slices"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/testcluster"
)

// orders are those in which a cluster may come up.
var orders = map[string]func(t *testing.T, c *testcluster.Cluster, all []startup){
	"at once": together,
	"one after another": func(_ *testing.T, c *testcluster.Cluster, all []startup) {
		for _, one := range all {
			time.Sleep(3 * time.Second)
			c.Run(c.Network.HostAt(one.ip), one.config)
		}
	},
	"the last first": func(_ *testing.T, c *testcluster.Cluster, all []startup) {
		for _, one := range slices.Backward(all) {
			time.Sleep(20 * time.Second)
			c.Run(c.Network.HostAt(one.ip), one.config)
		}
	},
}

// TestFault26_WholeClusterRestarts ends all members, in every way there is, and starts them anew where they were, in several
// orders. They find each other by the seeds, which are three of them, or by nothing but a file of peers.
func TestFault26_WholeClusterRestarts(t *testing.T) {
	for ending, end := range endings {
		t.Run(ending, func(t *testing.T) {
			restartable(t, 5, func(t *testing.T, c *testcluster.Cluster, dir string, all []startup) {
				for order, begin := range orders {
					keep := holdFiles(t, dir)
					end(t, c, keep)
					time.Sleep(time.Minute)
					begin(t, c, all)
					began := time.Now()
					c.AwaitConverged(afterHeal)
					t.Logf("%s: whole %v after the last start", order, time.Since(began))
					time.Sleep(20 * time.Second)
					c.AwaitConverged(0)
				}
			})
		})
	}
}

// TestFault26_RollingRestart restarts each member in turn where it was, with less and less time between, in the end before
// anybody has noticed that the one before was gone.
func TestFault26_RollingRestart(t *testing.T) {
	for name, end := range map[string]func(c *testcluster.Cluster, m *testcluster.Member) error{
		"killed": func(c *testcluster.Cluster, m *testcluster.Member) error { c.Kill(m); return nil },
		"left":   func(c *testcluster.Cluster, m *testcluster.Member) error { return c.Leave(m) },
	} {
		t.Run(name, func(t *testing.T) {
			restartable(t, 5, func(t *testing.T, c *testcluster.Cluster, _ string, all []startup) {
				pauses := []time.Duration{15 * time.Second, 100 * time.Millisecond}
				if *testcluster.Long {
					pauses = []time.Duration{15 * time.Second, 2 * time.Second, 100 * time.Millisecond}
				}
				for _, pause := range pauses {
					for _, one := range all {
						time.Sleep(pause)
						if err := end(c, c.Members[0]); err != nil {
							t.Errorf("leave with %v between: %v", pause, err)
						}
						c.Run(c.Network.HostAt(one.ip), one.config)
					}
					began := time.Now()
					c.AwaitConverged(afterHeal)
					t.Logf("restarted with %v between: whole %v after the last", pause, time.Since(began))
					time.Sleep(20 * time.Second)
					c.AwaitConverged(0)
				}
			})
		})
	}
}
