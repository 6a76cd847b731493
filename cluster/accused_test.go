package cluster_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/membership"
	"github.com/grapevine-go/grapevine/testcluster"
)

// datagrams counts those that a member sends.
type datagrams struct {
	cluster.Transport
	count *atomic.Int64
}

func (d datagrams) WriteToAddress(b []byte, to cluster.Address) (time.Time, error) {
	d.count.Add(1)
	return d.Transport.WriteToAddress(b, to)
}

// TestAccusedByAll has every member accuse one that is well, a hundred times a second: each looks once a second at most, so that
// it costs the accused an answer to each of them, and nobody is called less.
func TestAccusedByAll(t *testing.T) {
	const n, lasts = 15, 20 * time.Second
	virtual(t, n, func(t *testing.T, c *testcluster.Cluster) {
		var sent atomic.Int64
		host := c.Network.Host()
		accused := c.Run(host, cluster.Config{Name: "accused", Transport: datagrams{host, &sent}})
		withUsers(t, c)
		defer stays(t, c.Members, "where the accused is called", func(s *membership.Snapshot) bool { return picks(s, "accused") })()
		count := func(during func()) int64 {
			before := sent.Load()
			for end := time.Now().Add(lasts); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
				during()
			}
			return sent.Load() - before
		}
		idle := count(func() {})
		busy := count(func() {
			for _, m := range others(c, accused) {
				m.View().Report(instanceOf(t, m, "accused"), membership.TimedOut)
			}
		})
		t.Logf("it sends %d datagrams in %v, and %d while it is accused", idle, lasts, busy)
		if most := idle + n*int64(lasts/time.Second+1)*5/4; busy > most {
			t.Errorf("it sends %d datagrams in %v, and %d while it is accused, want %d at most", idle, lasts, busy, most)
		}
	})
}
