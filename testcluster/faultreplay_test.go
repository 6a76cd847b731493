package testcluster_test

import (
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
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
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, packet := range r.packets {
		from.WriteToAddress(packet, cluster.Address{Addr: to.Address()})
		time.Sleep(10 * time.Microsecond)
	}
	for _, stream := range r.streams {
		if conn, err := from.DialTimeout(to.Address(), time.Second); err == nil {
			conn.Write(stream.sent)
			conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
			io.Copy(io.Discard, conn)
			conn.Close()
		}
	}
}

// TestFault39_Replay has an outsider play back, to everybody, all that a member sent, once that member is long gone:
// memberlist has forgotten it by then, its encryption does not tell old packets from new ones.
func TestFault39_Replay(t *testing.T) {
	t.Skip("row 39: memberlist's encryption knows no replay: the recorded member is back in every view at its first packet")
	secret := cluster.NewSecret()
	virtual(t, 5, func(t *testing.T, c *testcluster.Cluster) {
		host := c.Network.Host()
		recorder := &tap{Transport: host}
		config := cluster.Config{Name: "recorded", Transport: recorder, Secret: secret}
		recorded := c.Run(host, config)
		c.AwaitConverged(time.Minute)
		time.Sleep(time.Minute)
		c.Kill(recorded)
		c.AwaitConverged(time.Minute)
		time.Sleep(5 * time.Minute)
		defer throughout(t, c.Members, "lists the living only", func(s view) bool { return lacks("recorded")(s) && lists(c.Members...)(s) })()
		outsider := c.Network.Host()
		for _, m := range c.Members {
			recorder.play(outsider, m)
		}
		time.Sleep(time.Minute)
	}, secretly(secret))
}
