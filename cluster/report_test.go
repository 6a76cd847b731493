package cluster_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/membership"
	"github.com/grapevine-go/grapevine/testcluster"
)

func TestFalseReport(t *testing.T) {
	virtual(t, 5, func(t *testing.T, c *testcluster.Cluster) {
		withUsers(t, c)
		stop := stays(t, c.Members, "all five", members(5))
		for range 10 {
			for _, evidence := range []membership.Evidence{membership.Refused, membership.Reset, membership.TimedOut} {
				for _, accused := range c.Members {
					c.Members[0].View().Report(instanceOf(t, c.Members[0], accused.Name()), evidence)
				}
			}
			time.Sleep(700 * time.Millisecond)
		}
		stop()
	})
}

// TestReportOfOneUnreachable has a member that does not answer, but whose port nobody says is closed: that is no proof.
func TestReportOfOneUnreachable(t *testing.T) {
	virtual(t, 5, func(t *testing.T, c *testcluster.Cluster) {
		withUsers(t, c)
		silent := c.Members[3]
		silent.Host.Pause()
		stop := stays(t, others(c, silent), "all five", members(5))
		c.Members[0].View().Report(instanceOf(t, c.Members[0], silent.Name()), membership.TimedOut)
		time.Sleep(2500 * time.Millisecond) // a look takes two seconds at most, and SWIM takes longer
		stop()
		silent.Host.Resume()
	})
}

// TestReportOfNobody: a boot that is gone, a member that was never there and this node itself are nobody to look at.
func TestReportOfNobody(t *testing.T) {
	virtual(t, 3, func(t *testing.T, c *testcluster.Cluster) {
		var log lines
		caller := c.Run(c.Network.Host(), cluster.Config{Name: "caller", Logger: zerolog.New(&log)})
		withUsers(t, c)
		views, logged := snapshots(c), len(log.all())
		gone := instanceOf(t, caller, "m2")
		gone.Boot.ID++
		for _, instance := range []membership.Instance{gone, {Member: "nobody"}, instanceOf(t, caller, "caller")} {
			caller.View().Report(instance, membership.Refused)
		}
		unchanged(t, c, views)
		for _, line := range log.all()[logged:] {
			if strings.Contains(line, "gone") {
				t.Errorf("logged: %s", line)
			}
		}
	})
}

// TestReportsAreRateLimited has a thousand calls fail within a second, of which few are looked into.
func TestReportsAreRateLimited(t *testing.T) {
	for _, evidence := range []membership.Evidence{membership.TimedOut, membership.Refused} {
		virtual(t, 2, func(t *testing.T, c *testcluster.Cluster) {
			var sent, dialled, ignored atomic.Int64
			host := c.Network.Host()
			c.Run(host, cluster.Config{Name: "called", Transport: counted{host, &sent, &ignored}})
			host = c.Network.Host()
			caller := c.Run(host, cluster.Config{Name: "caller", Transport: counted{host, &ignored, &dialled}})
			withUsers(t, c)
			c.AwaitConverged(time.Minute)
			instance := instanceOf(t, caller, "called")
			time.Sleep(10 * time.Second) // it has connected to its neighbours
			count := func(during func()) (int64, int64) {
				datagrams, dials := sent.Load(), dialled.Load()
				for range 1000 {
					during()
					time.Sleep(900 * time.Microsecond)
				}
				return sent.Load() - datagrams, dialled.Load() - dials
			}
			idle, idleDials := count(func() {})
			busy, busyDials := count(func() { caller.View().Report(instance, evidence) })
			if looks := max(busy-idle, busyDials-idleDials); looks < 1 || looks > 5 {
				t.Errorf("a thousand reports that it %s led to %d answers, after %d, and %d dials, after %d: want one look a second",
					evidence, busy, idle, busyDials, idleDials)
			}
		})
	}
}
