package cluster_test

import (
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/membership"
	"github.com/grapevine-go/grapevine/testcluster"
)

// TestFault13_KilledAfterAnAccusation has two members accuse one that they alone do not reach, and whose names come first. It
// is killed some time after: that they told everybody something else keeps nobody from telling that.
func TestFault13_KilledAfterAnAccusation(t *testing.T) {
	for _, after := range []time.Duration{100 * time.Millisecond, 700 * time.Millisecond, 1500 * time.Millisecond, 2500 * time.Millisecond} {
		virtual(t, 10, func(t *testing.T, c *testcluster.Cluster) {
			withUsers(t, c)
			time.Sleep(brief(15*time.Second, time.Minute))
			killed, cut := c.Members[6], []*testcluster.Member{c.Members[0], c.Members[9]} // m1 and m10
			c.Cut(cut, []*testcluster.Member{killed})
			for _, m := range cut {
				m.View().Report(instanceOf(t, m, killed.Name()), membership.TimedOut)
			}
			time.Sleep(300*time.Millisecond + after) // they tell after 200 ms
			c.Kill(killed)
			began := time.Now()
			c.AwaitViews(time.Second+100*time.Millisecond, others(c, cut...), lacks(killed.Name()))
			took := time.Since(began)
			t.Logf("killed %v after the accusation, dropped after %v", after, took)
			if after > time.Second && took > 200*time.Millisecond { // who looked a second ago at most looks once that is over
				t.Errorf("it was dropped after %v", took)
			}
		})
	}
}

// TestFault13_KilledWhileWell has everybody find a member well, and it is killed soon after.
func TestFault13_KilledWhileWell(t *testing.T) {
	virtual(t, 10, func(t *testing.T, c *testcluster.Cluster) {
		withUsers(t, c)
		time.Sleep(time.Minute)
		killed := c.Members[6]
		for _, m := range others(c, killed) {
			m.View().Report(instanceOf(t, m, killed.Name()), membership.TimedOut)
		}
		time.Sleep(3 * time.Second)
		c.Kill(killed)
		c.AwaitViews(30*time.Millisecond, c.Members, lacks(killed.Name()))
	})
}

// TestFault13_NewcomersAreWatched kills those that have come half a second ago, long after the others had found their neighbours.
func TestFault13_NewcomersAreWatched(t *testing.T) {
	virtual(t, 10, func(t *testing.T, c *testcluster.Cluster) {
		time.Sleep(time.Minute)
		for _, newcomer := range []*testcluster.Member{c.Add(), c.Restart(c.Members[3])} {
			c.AwaitConverged(time.Minute)
			time.Sleep(500 * time.Millisecond)
			c.Kill(newcomer)
			c.AwaitViews(100*time.Millisecond, c.Members, lacks(newcomer.Name()))
		}
	})
}
