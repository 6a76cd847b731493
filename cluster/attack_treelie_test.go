package cluster_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/membership"
	"github.com/grapevine-go/grapevine/testcluster"
)

// TestFault47_LiarAsRelay has a member of a cluster whose members send by way of relays pass on a record of another that it
// has changed. The owner hears of it in the confirmation. From then on the receiver believes no relay before it has asked.
func TestFault47_LiarAsRelay(t *testing.T) {
	for _, what := range []string{"the same version", "a version", "a step of versions", "a number", "a drain", "a goodbye"} {
		t.Run(what, func(t *testing.T) {
			sealedOver(t, normal, func(t *testing.T, c *testcluster.Cluster) {
				authority := newPKI(t)
				for i := range brief(8, 10) {
					c.Run(c.Network.Host(), authority.member(fmt.Sprintf("m%d", i+1)))
				}
				c.AwaitConverged(time.Minute)
				for _, m := range c.Members {
					cluster.SetDirectPeers(m.Node, 4)
				}
				mallory := attacker(t, c.Network.Host(), malloryID, authority.identity(authority.issue("mallory")))
				defer mallory.Shutdown()
				victim := c.Members[2]
				mustRegister(t, victim, users(victim))
				c.AwaitViews(prompt, c.Members, liarRight(victim))
				time.Sleep(2 * time.Second)
				lie := func() {
					for _, m := range c.Members[:2] {
						liarWays["branch"](t, mallory, m, liarRecord(victim, liarLies[what]))
					}
				}
				lie()
				time.Sleep(time.Millisecond)
				c.AwaitViews(200*time.Millisecond, c.Members, liarRight(victim))
				time.Sleep(2 * time.Second)
				c.AwaitViews(0, c.Members, liarRight(victim))
				lie()
				time.Sleep(3 * time.Second)
				c.AwaitViews(0, c.Members, liarRight(victim))
				stop := stays(t, c.Members, "m3 as it is", liarRight(victim))
				for range brief(10, everyday(40, 200)) {
					lie()
					time.Sleep(300 * time.Millisecond)
				}
				stop()
			})
		})
	}
}

// TestFault47_LiarBeforeARelay has a member pass on, under the version that the owner is about to write, another record: the
// owner finds out by the checksum of the confirmation.
func TestFault47_LiarBeforeARelay(t *testing.T) {
	sealedOver(t, normal, func(t *testing.T, c *testcluster.Cluster) {
		authority := newPKI(t)
		for i := range 10 {
			c.Run(c.Network.Host(), authority.member(fmt.Sprintf("m%d", i+1)))
		}
		c.AwaitConverged(time.Minute)
		for _, m := range c.Members {
			cluster.SetDirectPeers(m.Node, 4)
		}
		mallory := attacker(t, c.Network.Host(), malloryID, authority.identity(authority.issue("mallory")))
		defer mallory.Shutdown()
		victim := c.Members[2]
		for _, m := range c.Members { // it has spoken to all before
			mallory.Send(accuseKind, at(m), note(malloryID, idOf(c.Members[0])))
		}
		time.Sleep(10 * time.Second)
		for _, m := range others(c, victim) {
			liarWays["branch"](t, mallory, m, liarRecord(victim, func(r *membership.Record) { r.Version = cluster.VersionOf(victim.Node) + 1 }))
		}
		mustRegister(t, victim, users(victim))
		c.AwaitViews(2*time.Second, c.Members, liarRight(victim))
		time.Sleep(5 * time.Second)
		c.AwaitViews(0, c.Members, liarRight(victim))
	})
}

// TestFault47_LostConfirmation has a member act as a relay and tell another version than its owner wrote. One of those that
// believe it cannot reach the owner at that moment, so that its confirmation is lost. It hears the truth nevertheless: from its owner if others were told as well, or else once it hears that others know less.
func TestFault47_LostConfirmation(t *testing.T) {
	t.Run("all are told", func(t *testing.T) { loseConfirmation(t, true, 1600*time.Millisecond) })
	t.Run("one is told", func(t *testing.T) { loseConfirmation(t, false, 5*time.Second) })
}

func loseConfirmation(t *testing.T, all bool, right time.Duration) {
	sealedOver(t, normal, func(t *testing.T, c *testcluster.Cluster) {
		authority := newPKI(t)
		for i := range 10 {
			c.Run(c.Network.Host(), authority.member(fmt.Sprintf("m%d", i+1)))
		}
		c.AwaitConverged(time.Minute)
		for _, m := range c.Members {
			cluster.SetDirectPeers(m.Node, 4)
		}
		mallory := attacker(t, c.Network.Host(), malloryID, authority.identity(authority.issue("mallory")))
		defer mallory.Shutdown()
		victim, deaf := c.Members[2], c.Members[0]
		mustRegister(t, victim, users(victim))
		c.AwaitViews(2*time.Second, c.Members, liarRight(victim))
		for _, m := range c.Members { // it has spoken to all before
			mallory.Send(accuseKind, at(m), note(malloryID, idOf(deaf)))
		}
		time.Sleep(10 * time.Second)
		lie := liarRecord(victim, func(r *membership.Record) { r.Version = cluster.VersionOf(victim.Node) + 1 })
		c.Network.CutOneWay(hosts([]*testcluster.Member{deaf}), hosts([]*testcluster.Member{victim}))
		for _, m := range others(c, victim) {
			if all || m == deaf {
				liarWays["branch"](t, mallory, m, lie)
			}
		}
		time.Sleep(50 * time.Millisecond)
		c.Heal()
		time.Sleep(right)
		c.AwaitViews(0, c.Members, liarRight(victim))
	})
}
