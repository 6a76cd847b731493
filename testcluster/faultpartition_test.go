package testcluster_test

import (
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/testcluster"
)

// afterHeal is how long after a heal every view must be full.
const afterHeal = 30 * time.Second

// TestFault3_Partition has the seeds on one side, as the first three members always are: the others dial them.
func TestFault3_Partition(t *testing.T) {
	lasting := []time.Duration{10 * time.Second, 45 * time.Second}
	if *testcluster.Long {
		lasting = append(lasting, 10*time.Minute)
	}
	for _, lasts := range lasting {
		t.Run(lasts.String(), func(t *testing.T) {
			virtual(t, 10, func(t *testing.T, c *testcluster.Cluster) {
				halves := [][]*testcluster.Member{c.Members[:5], c.Members[5:]}
				var stops []func()
				for _, half := range halves {
					stops = append(stops, throughout(t, half, "lists its own half", lists(half...)))
				}
				c.Cut(halves...)
				time.Sleep(lasts)
				for _, stop := range stops {
					stop()
				}
				c.Heal()
				began := time.Now()
				c.AwaitConverged(afterHeal)
				t.Logf("a full view %v after the heal", time.Since(began))
				time.Sleep(time.Minute) // rumours from the cut have died away
				defer throughout(t, c.Members, "lists everybody, once healed", lists(c.Members...))()
				time.Sleep(2 * time.Minute)
			})
		})
	}
}

// TestFault3_Islands cuts every member off from all others: each serves what it knew last.
func TestFault3_Islands(t *testing.T) {
	virtual(t, 5, func(t *testing.T, c *testcluster.Cluster) {
		var islands [][]*testcluster.Member
		for i := range c.Members {
			islands = append(islands, c.Members[i:i+1])
		}
		c.Cut(islands...)
		c.AwaitViews(time.Minute, c.Members, func(s view) bool { return s.Err() != nil })
		stop := throughout(t, c.Members, "lists what was last known", lists(c.Members...))
		time.Sleep(2 * time.Minute)
		c.Heal()
		c.AwaitViews(afterHeal, c.Members, func(s view) bool { return s.Err() == nil })
		c.AwaitConverged(afterHeal)
		stop()
	})
}

// TestFault4_OneWayCut cuts one direction between two members: nobody is removed, as both are reached through others.
func TestFault4_OneWayCut(t *testing.T) {
	virtual(t, 7, func(t *testing.T, c *testcluster.Cluster) {
		defer throughout(t, c.Members, "lists everybody", lists(c.Members...))()
		c.Network.CutOneWay(hosts(c.Members[2]), hosts(c.Members[3]))
		time.Sleep(testcluster.Everyday(2*time.Minute, 5*time.Minute))
	})
}

// TestFault4_MuteMember cuts all that one member sends: it alone may be removed, and it is back after the heal.
func TestFault4_MuteMember(t *testing.T) {
	virtual(t, 7, func(t *testing.T, c *testcluster.Cluster) {
		mute := c.Members[4]
		rest := except(c, mute)
		stop := throughout(t, rest, "lists everybody but the mute one", lists(rest...))
		c.Network.CutOneWay(hosts(mute), hosts(rest...))
		c.AwaitViews(30*time.Second, rest, lacks(mute.Name()))
		time.Sleep(time.Minute)
		stop()
		c.Heal()
		c.AwaitConverged(afterHeal)
	})
}

// TestFault4_DeafMember cuts all that is sent to one member: it is whole again after the heal.
func TestFault4_DeafMember(t *testing.T) {
	virtual(t, 7, func(t *testing.T, c *testcluster.Cluster) {
		deaf := c.Members[4]
		c.Network.CutOneWay(hosts(except(c, deaf)...), hosts(deaf))
		time.Sleep(time.Minute)
		c.Heal()
		c.AwaitConverged(afterHeal)
		time.Sleep(time.Minute)
		c.AwaitConverged(time.Second)
	})
}
