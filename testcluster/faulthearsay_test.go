package testcluster_test

import (
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/testcluster"
)

// TestFault4_NobodyElseIsRemoved has members that cannot reach the others give them up, wrongly, and be back while they
// still spread the word. Nobody is evicted on hearsay: those that could reach each other all along keep each other.
func TestFault4_NobodyElseIsRemoved(t *testing.T) {
	for name, disturb := range map[string]func(c *testcluster.Cluster, m *testcluster.Member){
		"cut off": func(c *testcluster.Cluster, m *testcluster.Member) {
			c.Cut([]*testcluster.Member{m}, except(c, m))
		},
		"mute": func(c *testcluster.Cluster, m *testcluster.Member) {
			c.Network.CutOneWay(hosts(m), hosts(except(c, m)...))
		},
		"deaf": func(c *testcluster.Cluster, m *testcluster.Member) {
			c.Network.CutOneWay(hosts(except(c, m)...), hosts(m))
		},
		"paused": func(c *testcluster.Cluster, m *testcluster.Member) { c.Pause(m) },
	} {
		t.Run(name, func(t *testing.T) {
			virtual(t, 7, func(t *testing.T, c *testcluster.Cluster) {
				m := c.Members[4]
				rest := except(c, m)
				defer throughout(t, rest, "lists all that were reached", lists(rest...))()
				for i := 0; i < 10; i += testcluster.Everyday(3, 1) {
					disturb(c, m)
					time.Sleep(time.Duration(6+2*i) * time.Second)
					c.Heal()
					c.Resume(m)
					time.Sleep(30 * time.Second)
				}
			})
		})
	}
}

// TestFault3_NobodyIsRemovedByAHeal is the same with two halves.
func TestFault3_NobodyIsRemovedByAHeal(t *testing.T) {
	virtual(t, 10, func(t *testing.T, c *testcluster.Cluster) {
		for _, half := range [][]*testcluster.Member{c.Members[:5], c.Members[5:]} {
			defer throughout(t, half, "lists its own half", lists(half...))()
		}
		for i := 0; i < 5; i += testcluster.Everyday(2, 1) {
			c.Cut(c.Members[:5], c.Members[5:])
			time.Sleep(time.Duration(6+2*i) * time.Second)
			c.Heal()
			time.Sleep(time.Minute)
		}
	})
}
