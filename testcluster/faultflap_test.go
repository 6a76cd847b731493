package testcluster_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/testcluster"
)

// TestFault29_FlappingMember cuts a member off again and again: all is well in the end.
func TestFault29_FlappingMember(t *testing.T) {
	virtual(t, 7, func(t *testing.T, c *testcluster.Cluster) {
		flap(c, c.Members[4], 10)
		c.AwaitConverged(afterHeal + 15*time.Second) // it is held back
		time.Sleep(time.Minute)                      // rumours have died away
		defer throughout(t, c.Members, "lists everybody", lists(c.Members...))()
		time.Sleep(2 * time.Minute)
	})
}

// TestFault29_HoldDown holds that callers do not see every flap.
func TestFault29_HoldDown(t *testing.T) {
	virtual(t, 7, func(t *testing.T, c *testcluster.Cluster) {
		flapping := c.Members[4]
		var flips atomic.Int64
		go func() {
			listed := true
			for s := range c.Members[0].View().Follow(t.Context()) {
				if lists(flapping)(s) != listed {
					listed = !listed
					flips.Add(1)
				}
			}
		}()
		flap(c, flapping, 20)
		c.AwaitConverged(5 * time.Minute)
		if flips.Load() > 12 { // of 40
			t.Errorf("it came and went %d times", flips.Load())
		}
	})
}

func flap(c *testcluster.Cluster, m *testcluster.Member, times int) {
	for range times {
		c.Cut([]*testcluster.Member{m}, except(c, m))
		time.Sleep(15 * time.Second)
		c.Heal()
		time.Sleep(15 * time.Second)
	}
}
