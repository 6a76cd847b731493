package testcluster_test

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

// repaired is how long a record may take that does not come from its owner.
const repaired = 10 * time.Second

// TestFault4_RecordsGoRoundACut keeps what one member says from reaching another: the others pass it on, whatever its size,
// and what is newer replaces it.
func TestFault4_RecordsGoRoundACut(t *testing.T) {
	virtual(t, 6, func(t *testing.T, c *testcluster.Cluster) {
		owner, deaf := c.Members[5], c.Members[2]
		c.Network.CutOneWay(hosts(owner), hosts(deaf))
		for round, size := range []int{1, 10_000, 60_000} {
			want := fmt.Sprint(round, strings.Repeat("v", size))
			registration, err := owner.Register(membership.Service{Name: "large", Address: "10.0.0.9:80", Metadata: map[string]string{"k": want}})
			if err != nil {
				t.Fatal(err)
			}
			c.AwaitViews(repaired, c.Members, func(s view) bool {
				instances := s.Instances("large")
				return len(instances) == 1 && instances[0].Metadata["k"] == want
			})
			registration.Deregister()
			c.AwaitViews(repaired, c.Members, func(s view) bool { return len(s.Instances("large")) == 0 })
		}
	})
}

// TestFault1_DrainGoesRoundACut is the same of a drain.
func TestFault1_DrainGoesRoundACut(t *testing.T) {
	virtual(t, 6, func(t *testing.T, c *testcluster.Cluster) {
		owner, deaf := c.Members[5], c.Members[2]
		c.Network.CutOneWay(hosts(owner), hosts(deaf))
		if err := owner.Drain(within(t, time.Second)); err == nil || !strings.Contains(err.Error(), deaf.Name()) {
			t.Errorf("drain: %v, want that %s has not confirmed", err, deaf.Name())
		}
		c.AwaitViews(repaired, []*testcluster.Member{deaf}, func(s view) bool {
			m, _ := s.Member(owner.Name())
			return m.State == membership.Draining
		})
	})
}

// weighed is a network that counts the bytes that its members send.
type weighed struct {
	cluster.Transport
	sent *atomic.Int64
}

func (w weighed) WriteToAddress(b []byte, to cluster.Address) (time.Time, error) {
	w.sent.Add(int64(len(b)))
	return w.Transport.WriteToAddress(b, to)
}

func (w weighed) DialAddressTimeout(to cluster.Address, timeout time.Duration) (net.Conn, error) {
	conn, err := w.Transport.DialAddressTimeout(to, timeout)
	return weighedConn{conn, w.sent}, err
}

type weighedConn struct {
	net.Conn
	sent *atomic.Int64
}

func (w weighedConn) Write(b []byte) (int, error) {
	w.sent.Add(int64(len(b)))
	return w.Conn.Write(b)
}

// idle gives how many bytes the members of a cluster send in 5 minutes in which nothing happens, each with a record of that
// size. Who accepts a stream answers on it uncounted: each dials as often as the others do.
func idle(t *testing.T, size int) (sent int64) {
	const n = 6
	var counted atomic.Int64
	virtual(t, 3, func(t *testing.T, c *testcluster.Cluster) {
		for i := range n {
			c.Run(c.Network.Host(), cluster.Config{Name: fmt.Sprintf("idle%d", i), Transport: weighed{c.Network.Host(), &counted},
				Metadata: map[string]string{"k": strings.Repeat("v", size)}})
		}
		c.AwaitConverged(time.Minute)
		time.Sleep(time.Minute)
		before := counted.Load()
		time.Sleep(5 * time.Minute)
		sent = counted.Load() - before
	})
	t.Logf("records of %d bytes: %d bytes a second and member", size, sent/n/300)
	return sent
}

// TestIdleTrafficDoesNotGrowWithRecords holds that where nothing changes no record is sent, neither to repair nor with
// memberlist's push/pull.
func TestIdleTrafficDoesNotGrowWithRecords(t *testing.T) {
	small, large := idle(t, 1), idle(t, 60_000)
	if large > small+small/20 {
		t.Errorf("with records of 60,000 bytes %d bytes are sent, with small ones %d", large, small)
	}
}
