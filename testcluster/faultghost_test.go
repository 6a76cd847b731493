package testcluster_test

import (
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/membership"
	"github.com/grapevine-go/grapevine/testcluster"
)

const (
	forgotten = 65 * time.Minute // after which nobody remembers who is gone
	tidings   = 3 * time.Minute  // in which who comes back has told all that it believes
)

// TestFault27_DeadStayDead has one member cut off, and another paused, while one of the others dies and one moves, for so long
// that the others remember neither boot. When they come back and tell of them, nobody who knew better lists one for a
// moment, and those who come back let go of them.
func TestFault27_DeadStayDead(t *testing.T) {
	virtual(t, 6, func(t *testing.T, c *testcluster.Cluster) {
		cutOff, paused, dead, moved := c.Members[2], c.Members[3], c.Members[4], c.Members[5]
		next := c.Network.Host()
		c.Network.Cut(hosts(cutOff), append(hosts(except(c, cutOff)...), next))
		c.Pause(paused)
		time.Sleep(10 * time.Second) // they do not see the following
		c.Kill(dead)
		old := moved.View().Snapshot()
		c.Kill(moved)
		moved = c.Run(next, cluster.Config{Name: moved.Name()})
		c.AwaitViews(time.Minute, c.Members[:2], func(s view) bool { return lacks(dead.Name())(s) && lists(moved)(s) })

		defer throughout(t, c.Members[:2], "lists the living, and no boot of the dead", func(s view) bool {
			return lists(c.Members[0], c.Members[1], moved)(s) && lacks(dead.Name())(s) && !sameBoot(s, old, moved.Name())
		})()
		time.Sleep(forgotten)
		for _, m := range []*testcluster.Member{cutOff, paused} {
			if lacks(dead.Name())(m.View().Snapshot()) {
				t.Errorf("%s does not believe in the dead, so that this tests little", m.Name())
			}
		}
		c.Heal()
		c.Resume(paused)
		c.AwaitConverged(time.Minute)
		defer throughout(t, c.Members, "lists the living, and no boot of the dead", func(s view) bool {
			return lists(c.Members...)(s) && lacks(dead.Name())(s) && !sameBoot(s, old, moved.Name())
		})()
		time.Sleep(tidings)
	})
}

// TestFault27_NewcomerHearsOfTheDead joins by way of a member that has not noticed a death yet, and tells of the dead as of one
// that lives: the newcomer does not list it for a moment.
func TestFault27_NewcomerHearsOfTheDead(t *testing.T) {
	virtual(t, 4, func(t *testing.T, c *testcluster.Cluster) {
		unaware, dead := c.Members[2], c.Members[3]
		c.Cut([]*testcluster.Member{unaware}, except(c, unaware))
		c.Kill(dead)
		newcomer := c.Run(c.Network.Host(), joining("newcomer", unaware))
		defer throughout(t, []*testcluster.Member{newcomer}, "lacks the dead", lacks(dead.Name()))()
		time.Sleep(time.Second)
		if lacks(dead.Name())(unaware.View().Snapshot()) || !lists(unaware)(newcomer.View().Snapshot()) {
			t.Error("nobody tells the newcomer of the dead, so that this tests nothing")
		}
		c.Heal()
		c.AwaitConverged(time.Minute)
		time.Sleep(tidings)
	})
}

// sameBoot says that two views hold the same boot of a name.
func sameBoot(one, other *membership.Snapshot, name string) bool {
	a, listed := one.Member(name)
	b, _ := other.Member(name)
	return listed && a.Boot == b.Boot
}
