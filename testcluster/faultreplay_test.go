package testcluster_test

import (
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/membership"
	"github.com/grapevine-go/grapevine/testcluster"
)

// tap is a transport that records what its member sends, as somebody on the path could.
type tap struct {
	cluster.Transport
	mu      sync.Mutex
	packets [][]byte
	streams []*tappedStream
}

// tappedStream records what its member writes.
type tappedStream struct {
	net.Conn
	tap  *tap
	sent []byte
}

func (r *tap) WriteToAddress(b []byte, to cluster.Address) (time.Time, error) {
	r.mu.Lock()
	r.packets = append(r.packets, append([]byte(nil), b...))
	r.mu.Unlock()
	return r.Transport.WriteToAddress(b, to)
}

func (r *tap) DialAddressTimeout(to cluster.Address, timeout time.Duration) (net.Conn, error) {
	conn, err := r.Transport.DialAddressTimeout(to, timeout)
	if err != nil {
		return nil, err
	}
	s := &tappedStream{Conn: conn, tap: r}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.streams = append(r.streams, s)
	return s, nil
}

func (s *tappedStream) Write(b []byte) (int, error) {
	s.tap.mu.Lock()
	s.sent = append(s.sent, b...)
	s.tap.mu.Unlock()
	return s.Conn.Write(b)
}

// play sends all that was recorded to a member once more, from another host.
func (r *tap) play(from *testcluster.Host, to *testcluster.Member) {
	r.mu.Lock() // not while time passes: the member may still be sending
	packets := slices.Clone(r.packets)
	var streams [][]byte
	for _, stream := range r.streams {
		streams = append(streams, slices.Clone(stream.sent))
	}
	r.mu.Unlock()
	for _, packet := range packets {
		from.WriteToAddress(packet, cluster.Address{Addr: to.Address()})
		time.Sleep(10 * time.Microsecond)
	}
	for _, sent := range streams {
		if conn, err := from.DialTimeout(to.Address(), time.Second); err == nil {
			conn.Write(sent)
			conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
			io.Copy(io.Discard, conn)
			conn.Close()
		}
	}
}

// TestFault39_Replay has an outsider play back, to everybody, all that a member sent, once that member is long gone:
// memberlist has forgotten it by then.
func TestFault39_Replay(t *testing.T) {
	sealed(t, 5, func(t *testing.T, c *testcluster.Cluster) {
		host := c.Network.Host()
		recorder := &tap{Transport: host}
		recorded := c.Run(host, cluster.Config{Name: "recorded", Transport: recorder})
		c.AwaitConverged(time.Minute)
		time.Sleep(time.Minute)
		c.Kill(recorded)
		c.AwaitConverged(time.Minute)
		time.Sleep(5 * time.Minute)
		stop := throughout(t, c.Members, "lists the living only", func(s view) bool { return lacks("recorded")(s) && lists(c.Members...)(s) })
		outsider := c.Network.Host()
		for _, m := range c.Members {
			recorder.play(outsider, m)
		}
		time.Sleep(time.Minute)
		stop()
		checkTurnedAway(t, c)
	})
}

// TestFault39_ReplayWhileItLives plays back what a living member sent, to whom it was sent and to all others, from a host
// of the outsider's and from the member's own.
func TestFault39_ReplayWhileItLives(t *testing.T) {
	sealed(t, 5, func(t *testing.T, c *testcluster.Cluster) {
		host := c.Network.Host()
		recorder := &tap{Transport: host}
		recorded := c.Run(host, cluster.Config{Name: "recorded", Transport: recorder})
		c.AwaitConverged(time.Minute)
		registration, err := recorded.Register(membership.Service{Name: "users", Address: "old:1"})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if err := registration.Update(membership.Service{Name: "users", Address: "new:1"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		stop := throughout(t, c.Members, "lists everybody, and the new address", func(s view) bool {
			return lists(c.Members...)(s) && slices.Equal(s.Addresses("users"), []string{"new:1"})
		})
		for _, from := range []*testcluster.Host{c.Network.Host(), host} {
			for _, m := range c.Members[:5] {
				recorder.play(from, m)
			}
		}
		time.Sleep(time.Minute)
		stop()
		checkTurnedAway(t, c)
	})
}

// checkTurnedAway holds that the played-back datagrams reached the first five members, and were dropped as what they are.
func checkTurnedAway(t *testing.T, c *testcluster.Cluster) {
	t.Helper()
	for _, m := range c.Members[:5] {
		if s := m.Stats(); s.Replayed == 0 || s.UnknownKey == 0 || s.Forged > 0 {
			t.Errorf("%s: %d datagrams were replayed, %d under unknown keys, %d forged; want some of the first two, none of the last",
				m.Name(), s.Replayed, s.UnknownKey, s.Forged)
		}
	}
}
