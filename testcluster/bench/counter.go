package main

import (
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/memberlist"
)

// traffic is bytes that were given to the sockets. What TLS adds is among them, what IP, UDP and TCP add is not.
type traffic struct{ datagrams, streams uint64 }

func (t traffic) total() uint64 { return t.datagrams + t.streams }

// counter counts what is given to a network to send, on streams whoever dialled.
type counter struct {
	network
	out     struct{ datagrams, streams atomic.Uint64 }
	conns   atomic.Int64 // that are open, whoever dialled
	dials   atomic.Uint64
	streams chan net.Conn
	work    sync.WaitGroup
	closed  chan struct{}
	once    sync.Once
}

func newCounter(n network) *counter {
	c := &counter{network: n, streams: make(chan net.Conn), closed: make(chan struct{})}
	c.work.Go(c.pass)
	return c
}

// countInto wraps a network in a counter that the caller keeps.
func countInto(c **counter) func(network) network {
	return func(n network) network {
		*c = newCounter(n)
		return *c
	}
}

// Lag passes on how late the process runs, as the sockets measure it.
func (c *counter) Lag() time.Duration {
	if measured, ok := c.network.(interface{ Lag() time.Duration }); ok {
		return measured.Lag()
	}
	return 0
}

func (c *counter) open() int { return int(c.conns.Load()) }

func (c *counter) sent() traffic { return traffic{c.out.datagrams.Load(), c.out.streams.Load()} }

// pass hands over streams that others opened until the network is shut down: memberlist's waits for that.
func (c *counter) pass() {
	for {
		select {
		case conn := <-c.network.StreamCh():
			counted := countConn(conn, &c.out.streams, &c.conns)
			select {
			case c.streams <- counted:
			case <-c.closed:
				counted.Close()
			}
		case <-c.closed:
			return
		}
	}
}

func (c *counter) StreamCh() <-chan net.Conn { return c.streams }

func (c *counter) WriteTo(b []byte, addr string) (time.Time, error) {
	return c.WriteToAddress(b, memberlist.Address{Addr: addr})
}

func (c *counter) WriteToAddress(b []byte, to memberlist.Address) (time.Time, error) {
	at, err := c.network.WriteToAddress(b, to)
	if err == nil {
		c.out.datagrams.Add(uint64(len(b)))
	}
	return at, err
}

func (c *counter) DialTimeout(addr string, timeout time.Duration) (net.Conn, error) {
	return c.DialAddressTimeout(memberlist.Address{Addr: addr}, timeout)
}

func (c *counter) DialAddressTimeout(to memberlist.Address, timeout time.Duration) (net.Conn, error) {
	c.dials.Add(1)
	conn, err := c.network.DialAddressTimeout(to, timeout)
	if err != nil {
		return nil, err
	}
	return countConn(conn, &c.out.streams, &c.conns), nil
}

// Shutdown is safe to call twice.
func (c *counter) Shutdown() error {
	err := c.network.Shutdown()
	c.once.Do(func() { close(c.closed) })
	c.work.Wait()
	return err
}

type countedConn struct {
	net.Conn
	out    *atomic.Uint64
	closed func()
}

// countConn adds to open until it is closed.
func countConn(conn net.Conn, out *atomic.Uint64, open *atomic.Int64) *countedConn {
	open.Add(1)
	return &countedConn{conn, out, sync.OnceFunc(func() { open.Add(-1) })}
}

func (c *countedConn) Close() error {
	c.closed()
	return c.Conn.Close()
}

func (c *countedConn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.out.Add(uint64(n))
	return n, err
}
