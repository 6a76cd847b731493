package cluster_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/membership"
	"github.com/grapevine-go/grapevine/testcluster"
)

// TestAccusedByAll has every member accuse one that is well, a hundred times a second: each looks once a second at most, and
// knocks the first time only, so that it costs the accused an answer to each of them, and nobody is called less.
func TestAccusedByAll(t *testing.T) {
	const n, lasts = 15, 20 * time.Second
	virtualOver(t, normal, func(t *testing.T, c *testcluster.Cluster) {
		var sent, ignored, dialled atomic.Int64
		host := c.Network.Host()
		accused := c.Run(host, cluster.Config{Name: "accused", Transport: counted{host, &sent, &ignored}})
		for i := range n {
			host := c.Network.Host()
			c.Run(host, cluster.Config{Name: fmt.Sprint("m", i), Transport: counted{host, &ignored, &dialled}})
		}
		withUsers(t, c)
		c.AwaitConverged(time.Minute)
		defer stays(t, c.Members, "where the accused is called", func(s *membership.Snapshot) bool { return picks(s, "accused") })()
		count := func(during func()) (datagrams, dials int64) {
			datagrams, dials = sent.Load(), dialled.Load()
			for end := time.Now().Add(lasts); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
				during()
			}
			return sent.Load() - datagrams, dialled.Load() - dials
		}
		idle, idleDials := count(func() {})
		busy, busyDials := count(func() {
			for _, m := range others(c, accused) {
				m.View().Report(instanceOf(t, m, "accused"), membership.TimedOut)
			}
		})
		t.Logf("it sends %d datagrams in %v, and %d while it is accused; the others dial %d times, and %d", idle, lasts, busy, idleDials, busyDials)
		if most := idle + n*int64(lasts/time.Second+1)*5/4; busy > most {
			t.Errorf("it sends %d datagrams in %v, and %d while it is accused, want %d at most", idle, lasts, busy, most)
		}
		if most := idleDials + 2*n; busyDials > most {
			t.Errorf("the others dial %d times in %v, and %d while they accuse it, want %d at most", idleDials, lasts, busyDials, most)
		}
	})
}

// TestFault13_MissedByAll has all members call one that is killed, so that all find at once that it is gone: few of them tell
// the others. When each tells each, eight times, fifty members send 20,000 datagrams.
func TestFault13_MissedByAll(t *testing.T) {
	n := everyday(20, 50)
	virtualOver(t, normal, func(t *testing.T, c *testcluster.Cluster) {
		var sent, dialled atomic.Int64
		for i := range n {
			host := c.Network.Host()
			c.Run(host, cluster.Config{Name: fmt.Sprint("member-", i), Transport: counted{host, &sent, &dialled}})
		}
		c.AwaitConverged(time.Minute)
		withUsers(t, c)
		time.Sleep(10 * time.Second)
		killed := c.Members[n/2]
		gone := instanceOf(t, killed, killed.Name())
		perSecond := func() int64 {
			before := sent.Load()
			time.Sleep(time.Second)
			return sent.Load() - before
		}
		idle := perSecond()
		c.Kill(killed)
		for _, m := range c.Members {
			m.View().Report(gone, membership.Refused)
		}
		busy := perSecond()
		c.AwaitViews(0, c.Members, lacks(killed.Name()))
		t.Logf("%d datagrams in a second, %d after it was killed", idle, busy)
		// Beside n² datagrams there are some of each member, which weigh more among few.
		if most := idle + int64(everyday(n*n*17, n*n*13)/10); busy > most {
			t.Errorf("%d datagrams in the second after it was killed, and %d in one before, want %d at most", busy, idle, most)
		}
	})
}
