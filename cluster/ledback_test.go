package cluster_test

import (
	"net"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/cluster/internal/peerfile"
	"github.com/grapevine-go/grapevine/testcluster"
)

// redirected is a transport on which dials to one address lead to another.
type redirected struct {
	cluster.Transport
	from string
	to   func() string
}

func (r redirected) DialAddressTimeout(to cluster.Address, timeout time.Duration) (net.Conn, error) {
	if to.Addr == r.from {
		to = cluster.Address{Addr: r.to()}
	}
	return r.Transport.DialAddressTimeout(to, timeout)
}

// TestFault59_RememberedLeadsBack has an address of the peers file lead back at first: it is searched on.
func TestFault59_RememberedLeadsBack(t *testing.T) {
	const virtualAddress = "10.9.9.9:7946"
	virtual(t, 2, func(t *testing.T, c *testcluster.Cluster) {
		path := filepath.Join(t.TempDir(), "peers")
		if err := peerfile.Write(path, "test", []string{virtualAddress}); err != nil {
			t.Fatal(err)
		}
		host, member := c.Network.Host(), c.Members[0].Address()
		var dials atomic.Int64
		c.Run(host, cluster.Config{Name: "new", Join: []string{}, PeersFile: path, Transport: redirected{host, virtualAddress, func() string {
			if dials.Add(1) <= 2 {
				return host.Address().String()
			}
			return member
		}}})
		c.AwaitConverged(30 * time.Second)
	})
}

// TestFault59_OwnAddressIsNotSearched has the peers file hold the own address of a node, as that of
// a host which had it before.
func TestFault59_OwnAddressIsNotSearched(t *testing.T) {
	virtualOver(t, normal, func(t *testing.T, c *testcluster.Cluster) {
		path := filepath.Join(t.TempDir(), "peers")
		host := c.Network.Host()
		if err := peerfile.Write(path, "test", []string{host.Address().String()}); err != nil {
			t.Fatal(err)
		}
		var dials atomic.Int64
		m := c.Run(host, cluster.Config{Name: "alone", Join: []string{}, PeersFile: path, Transport: redirected{host, host.Address().String(), func() string {
			dials.Add(1)
			return host.Address().String()
		}}})
		if err := m.Ready(within(t, time.Second)); err != nil {
			t.Errorf("Ready = %v", err)
		}
		time.Sleep(10 * time.Minute)
		if dials := dials.Load(); dials > 0 {
			t.Errorf("it dials itself %d times", dials)
		}
	})
}
