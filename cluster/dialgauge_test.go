package cluster_test

import (
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/testcluster"
)

// dialGauge counts the dials of a process by address, and how many of them were under way, or open, at a time.
type dialGauge struct {
	mu         sync.Mutex
	to         map[string]int
	open, most int
}

func (g *dialGauge) begin(address string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.to == nil {
		g.to = make(map[string]int)
	}
	g.to[address]++
	g.open++
	g.most = max(g.most, g.open)
}

func (g *dialGauge) end() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open--
}

func (g *dialGauge) peak() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.most
}

// below returns the number of addresses that begin so and were dialled, and how often the first of them was.
func (g *dialGauge) below(prefix string) (number, most int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for address, times := range g.to {
		if strings.HasPrefix(address, prefix) {
			number++
			most = max(most, times)
		}
	}
	return number, most
}

// gauged is the transport of that process.
type gauged struct {
	cluster.Transport
	gauge *dialGauge
}

func (d gauged) DialAddressTimeout(to cluster.Address, timeout time.Duration) (net.Conn, error) {
	d.gauge.begin(to.Addr)
	conn, err := d.Transport.DialAddressTimeout(to, timeout)
	if err != nil {
		d.gauge.end()
		return nil, err
	}
	return &gaugedConn{Conn: conn, closed: sync.OnceFunc(d.gauge.end)}, nil
}

type gaugedConn struct {
	net.Conn
	closed func()
}

func (c *gaugedConn) Close() error {
	c.closed()
	return c.Conn.Close()
}

// acceptAll has a host accept connections and say nothing, until the test ends.
func acceptAll(t *testing.T, host *testcluster.Host) {
	t.Helper()
	done := make(chan struct{})
	t.Cleanup(func() { close(done) })
	go func() {
		for {
			select {
			case <-host.PacketCh():
			case <-host.StreamCh():
			case <-done:
				return
			}
		}
	}()
}
