package cluster_test

import (
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/membership"
	"github.com/grapevine-go/grapevine/testcluster"
)

// counted is a network that counts what a member begins to send.
type counted struct {
	cluster.Transport
	datagrams, dials *atomic.Int64
}

func (c counted) WriteToAddress(b []byte, to cluster.Address) (time.Time, error) {
	c.datagrams.Add(1)
	return c.Transport.WriteToAddress(b, to)
}

func (c counted) DialAddressTimeout(to cluster.Address, timeout time.Duration) (net.Conn, error) {
	c.dials.Add(1)
	return c.Transport.DialAddressTimeout(to, timeout)
}

// tree runs test with n members that send by way of relays, and the last of them, whose datagrams and dials are counted.
func tree(t *testing.T, n int, test func(t *testing.T, c *testcluster.Cluster, owner *testcluster.Member, datagrams, dials *atomic.Int64)) {
	t.Helper()
	virtual(t, n-1, func(t *testing.T, c *testcluster.Cluster) {
		var datagrams, dials atomic.Int64
		owner := c.Run(c.Network.Host(), cluster.Config{Name: "owner", Transport: counted{c.Network.Host(), &datagrams, &dials}})
		c.AwaitConverged(time.Minute)
		for _, m := range c.Members {
			cluster.SetDirectPeers(m.Node, 4)
		}
		time.Sleep(10 * time.Second)
		test(t, c, owner, &datagrams, &dials)
	})
}

// TestTreeReachesAll has a change reach 25 members by way of relays: as fast as two hops are, confirmed by all, and with few
// messages of the owner's.
func TestTreeReachesAll(t *testing.T) {
	for _, size := range []int{10, 30_000} {
		tree(t, 25, func(t *testing.T, c *testcluster.Cluster, owner *testcluster.Member, datagrams, dials *atomic.Int64) {
			datagrams.Store(0)
			value := strings.Repeat("v", size)
			mustRegister(t, owner, membership.Service{Name: "users", Address: "a:1", Metadata: map[string]string{"k": value}})
			c.AwaitViews(100*time.Millisecond, c.Members, func(s *membership.Snapshot) bool {
				instances := s.Instances("users")
				return len(instances) == 1 && instances[0].Metadata["k"] == value
			})
			began := time.Now()
			if err := owner.Drain(within(t, time.Minute)); err != nil {
				t.Errorf("drain: %v", err)
			}
			if took := time.Since(began); took > 2*200*time.Millisecond {
				t.Errorf("the drain took %v", took)
			}
			// Two changes to 5 relays are 10 datagrams, to each of 24 members they are 48. Beside them go
			// probes, acks and gossip of memberlist: in 400 runs there were 5 to 21 in all, 12 on average.
			if sent := datagrams.Load(); sent > 40 {
				t.Errorf("the owner sent %d datagrams", sent)
			}
		})
	}
}

// TestTreeWithoutARelay has relays vanish just before a change: their groups get it all the same.
func TestTreeWithoutARelay(t *testing.T) {
	tree(t, 17, func(t *testing.T, c *testcluster.Cluster, owner *testcluster.Member, _, _ *atomic.Int64) {
		for i := range 4 {
			c.Vanish(c.Members[3*i])
		}
		mustRegister(t, owner, membership.Service{Name: "users", Address: "a:1"})
		c.AwaitViews(2*time.Second, c.Members, func(s *membership.Snapshot) bool { return len(s.Instances("users")) == 1 })
	})
}

// TestFault1_TreeOverLoss is the same over a network that loses a third.
func TestFault1_TreeOverLoss(t *testing.T) {
	tree(t, 17, func(t *testing.T, c *testcluster.Cluster, owner *testcluster.Member, _, _ *atomic.Int64) {
		c.Network.SetNormal(testcluster.Link{Latency: time.Millisecond, Loss: 0.3})
		for i := range brief(4, 10) {
			registration := mustRegister(t, owner, membership.Service{Name: fmt.Sprint("users", i), Address: "a:1"})
			c.AwaitViews(10*time.Second, c.Members, func(s *membership.Snapshot) bool { return len(s.Instances(fmt.Sprint("users", i))) == 1 })
			registration.Deregister()
		}
	})
}

// TestBurstIsCoalesced has one member change a thousand times within a second: the others get few of the versions, and the
// last.
func TestBurstIsCoalesced(t *testing.T) {
	virtual(t, 3, func(t *testing.T, c *testcluster.Cluster) {
		var datagrams, dials atomic.Int64
		owner := c.Run(c.Network.Host(), cluster.Config{Name: "owner", Transport: counted{c.Network.Host(), &datagrams, &dials}})
		registration := mustRegister(t, owner, membership.Service{Name: "users", Address: "a:1"})
		c.AwaitConverged(time.Minute)
		time.Sleep(10 * time.Second)
		datagrams.Store(0)
		for i := range 1000 {
			if err := registration.Update(membership.Service{Name: "users", Address: "a:1", Version: fmt.Sprint(i)}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Millisecond)
		}
		c.AwaitViews(100*time.Millisecond, c.Members, func(s *membership.Snapshot) bool { return s.Instances("users")[0].Version == "999" })
		if sent := datagrams.Load(); sent > 3*(50+10)+20 { // 50 versions a second to each of 3; and what memberlist sends
			t.Errorf("%d datagrams for a thousand changes", sent)
		}
	})
}
