package cluster_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/testcluster"
)

// tape is a transport that records the datagrams of its member, as somebody on their way can who has no key.
type tape struct {
	cluster.Transport
	mu   sync.Mutex
	kept [][]byte
}

func (r *tape) WriteToAddress(b []byte, to cluster.Address) (time.Time, error) {
	r.mu.Lock()
	r.kept = append(r.kept, slices.Clone(b))
	r.mu.Unlock()
	return r.Transport.WriteToAddress(b, to)
}

func (r *tape) all() [][]byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.kept)
}

// forgotten is after how long memberlist does not know any more that a member has died.
const forgotten = 5 * time.Minute

// TestAttack_PlayedBackPackets plays back what a member sent while it lived, once it has been dead for minutes. To a
// memberlist it is alive again, until it fails to answer.
func TestAttack_PlayedBackPackets(t *testing.T) {
	plainly(t, func(t *testing.T, l *lab) {
		host := l.Host()
		recorder := &tape{Transport: host}
		living := slices.Clone(l.grow(2))
		l.run(host, "recorded", over(recorder))
		time.Sleep(time.Minute)
		host.Crash()
		time.Sleep(forgotten)
		for _, b := range living {
			if b.sees("recorded") {
				t.Fatalf("%s does not notice a death", b.name)
			}
		}
		outsider := l.Host()
		for _, b := range living {
			tell(outsider, b.address(), recorder.all()...)
			eventually(t, "sees the dead member", func() bool { return b.sees("recorded") })
		}
	})
	t.Run("grapevine", func(t *testing.T) {
		sealed(t, 2, func(t *testing.T, c *testcluster.Cluster) {
			host := c.Network.Host()
			recorder := &tape{Transport: host}
			recorded := c.Run(host, cluster.Config{Name: "recorded", Transport: recorder})
			c.AwaitConverged(time.Minute)
			time.Sleep(time.Minute)
			c.Kill(recorded)
			c.AwaitConverged(time.Minute)
			time.Sleep(forgotten)
			stop := stays(t, c.Members, "the living only", both(members(2), lacks("recorded")))
			outsider := c.Network.Host()
			for _, m := range c.Members {
				tell(outsider, m.Address(), recorder.all()...)
			}
			time.Sleep(time.Minute)
			stop()
			for _, m := range c.Members {
				if s := m.Stats(); s.Replayed == 0 || s.UnknownKey == 0 || s.Forged > 0 {
					t.Errorf("%s: %d replayed, %d under unknown keys, %d forged", m.Name(), s.Replayed, s.UnknownKey, s.Forged)
				}
			}
		})
	})
}
