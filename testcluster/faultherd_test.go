package testcluster_test

import (
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/membership"
	"github.com/grapevine-go/grapevine/testcluster"
)

// counter is a transport that counts the streams that it opens, by second.
type counter struct {
	cluster.Transport
	mu     *sync.Mutex
	dialed map[int64]int
}

func (d counter) DialAddressTimeout(to cluster.Address, timeout time.Duration) (net.Conn, error) {
	d.mu.Lock()
	d.dialed[time.Now().Unix()]++
	d.mu.Unlock()
	return d.Transport.DialAddressTimeout(to, timeout)
}

// TestFault30_HerdAfterAHeal cuts ten or twenty members off from each other and from the seeds. While it lasts each of them dials
// now and then, and not all at once; when it is over, no two dial each other more than to meet again.
func TestFault30_HerdAfterAHeal(t *testing.T) {
	n := testcluster.Everyday(10, 20)
	virtual(t, 3, func(t *testing.T, c *testcluster.Cluster) {
		var mu sync.Mutex
		dialed := make(map[int64]int)
		busiest := func(when string, limit int) {
			mu.Lock()
			defer mu.Unlock()
			total, most := 0, 0
			for _, count := range dialed {
				total, most = total+count, max(most, count)
			}
			clear(dialed)
			t.Logf("%s: %d dials, at most %d in one second", when, total, most)
			if most > limit {
				t.Errorf("%s %d members opened %d streams in one second, want %d at most", when, n, most, limit)
			}
		}
		for i := range n {
			host := c.Network.Host()
			c.Run(host, cluster.Config{Name: fmt.Sprintf("island%d", i), Transport: counter{host, &mu, dialed}})
		}
		c.AwaitConverged(time.Minute)
		islands := [][]*testcluster.Member{c.Members[:3]}
		for i := range n {
			islands = append(islands, c.Members[3+i:4+i])
		}
		c.Cut(islands...)
		c.AwaitViews(10*time.Second, c.Members[3:], func(s view) bool { return s.Err() == membership.ErrIsolated })
		time.Sleep(5 * time.Minute) // SWIM gives up one after another
		mu.Lock()
		clear(dialed)
		mu.Unlock()
		time.Sleep(10 * time.Minute)
		busiest("cut off,", 2*n)
		c.Heal()
		began := time.Now()
		c.AwaitConverged(afterHeal)
		t.Logf("a full view %v after the heal", time.Since(began))
		time.Sleep(time.Minute)
		pairs := n*(n-1)/2 + 3*n
		busiest("healed,", pairs+pairs/2)
	})
}
