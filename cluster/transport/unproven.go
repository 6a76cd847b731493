package transport

import (
	"fmt"
	"net"
	"os"
	"sync"
)

// unprovenBytes bounds what a connection may send before it has authenticated: a chain of certificates at most. crypto/tls
// parses each certificate of a chain before it asks anybody, so only the bytes bound that work.
const unprovenBytes = 32 << 10

var errUnproven = fmt.Errorf("more than %d bytes from a peer that has not authenticated", unprovenBytes)

// unprovenConn carries a handshake. It bounds the bytes that it reads, and the processor time that
// they cost. It holds back what is written until the next read, so that a refusal is counted before
// the other side hears of it.
type unprovenConn struct {
	net.Conn
	effort  *effort
	left    int
	opening []byte // the first bytes that were read
	unsent  []byte
	proven  bool // it only passes bytes on

	closing sync.Once
	closed  chan struct{}
}

func unproven(conn net.Conn, effort *effort) *unprovenConn {
	return &unprovenConn{Conn: conn, effort: effort, left: unprovenBytes, closed: make(chan struct{})}
}

func (c *unprovenConn) Read(b []byte) (int, error) {
	if c.proven {
		return c.Conn.Read(b)
	}
	if c.left == 0 {
		return 0, errUnproven
	}
	c.effort.pause()
	if err := c.flush(); err != nil {
		return 0, err
	}
	n, err := c.Conn.Read(b[:min(len(b), c.left)])
	c.left -= n
	c.opening = append(c.opening, b[:min(n, openingBytes-len(c.opening))]...)
	if n > 0 && !c.effort.resume(c.closed) {
		return 0, os.ErrDeadlineExceeded
	}
	return n, err
}

func (c *unprovenConn) Write(b []byte) (int, error) {
	if c.proven {
		return c.Conn.Write(b)
	}
	c.unsent = append(c.unsent, b...)
	return len(b), nil
}

// flush sends what was written.
func (c *unprovenConn) flush() error {
	if len(c.unsent) == 0 {
		return nil
	}
	_, err := c.Conn.Write(c.unsent)
	c.unsent = nil
	return err
}

// end stops to bound the connection. A peer that has authenticated does not pay for its handshake.
func (c *unprovenConn) end(authenticated bool) error {
	c.effort.end(authenticated)
	err := c.flush()
	c.proven = authenticated
	return err
}

func (c *unprovenConn) Close() error {
	c.closing.Do(func() { close(c.closed) })
	return c.Conn.Close()
}
