package dnsendpoint

import (
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// ErrServerClosed is returned by Serve and ServeTCP after Shutdown.
var ErrServerClosed = fmt.Errorf("dnsendpoint: server closed: %w", net.ErrClosed)

// carrier is what carries queries and answers: the sockets, their end, and what protects them.
type carrier struct {
	cookies cookies
	limits  limits
	warned  warnings

	connections connections

	mu      sync.Mutex
	closing chan struct{} // closed by Shutdown
	idle    chan struct{} // closed when closing is, and nothing serves
	serves  int           // calls of Serve and ServeTCP
	open    map[carriage]struct{}

	forced atomic.Bool // Shutdown closes the sockets although answers may be under way
	cut    atomic.Bool // one of these answers was lost
}

// carriage is a socket at work.
type carriage interface {
	stop()        // it reads no more, and answers what it has read
	Close() error // it ends at once
}

// written takes the error of an answer that was written.
func (c *carrier) written(err error) {
	if err != nil && c.forced.Load() {
		c.cut.Store(true)
	}
}

// channels makes those of the zero value. It is called with the lock held.
func (c *carrier) channels() {
	if c.closing == nil {
		c.closing, c.idle = make(chan struct{}), make(chan struct{})
		c.open = make(map[carriage]struct{})
	}
}

// closed returns the channel that Shutdown closes.
func (c *carrier) closed() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.channels()
	return c.closing
}

// begin counts a call of Serve or ServeTCP, and returns false after Shutdown. Each has its end.
func (c *carrier) begin(socket carriage) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.channels()
	if isClosed(c.closing) {
		return false
	}
	c.serves++
	c.open[socket] = struct{}{}
	return true
}

func (c *carrier) end(socket carriage) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.open, socket)
	c.serves--
	if c.serves == 0 && isClosed(c.closing) {
		close(c.idle)
	}
}

// adopt makes a connection one of those that Shutdown ends, unless it has begun.
func (c *carrier) adopt(conn carriage) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if isClosed(c.closing) {
		return false
	}
	c.open[conn] = struct{}{}
	return true
}

func (c *carrier) abandon(conn carriage) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.open, conn)
}

// Shutdown closes what the server serves on, once the queries that it has read are answered, and
// waits until Serve and ServeTCP are about to return. When ctx is done it closes the sockets at
// once, and returns the error of ctx if that cut off an answer. It may be called before Serve,
// several times and concurrently. Serve and ServeTCP return [ErrServerClosed] from then on.
func (s *Server) Shutdown(ctx context.Context) error {
	idle := s.carrier.stop()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		if isClosed(idle) {
			return nil
		}
	}
	s.carrier.forced.Store(true)
	for _, socket := range s.carrier.sockets() {
		socket.Close()
	}
	<-idle // no answer blocks now
	if s.carrier.cut.Load() {
		return ctx.Err()
	}
	return nil
}

// stop begins the end, and returns a channel that is closed once it is over.
func (c *carrier) stop() (idle <-chan struct{}) {
	c.mu.Lock()
	c.channels()
	if !isClosed(c.closing) {
		close(c.closing)
		if c.serves == 0 {
			close(c.idle)
		}
	}
	c.mu.Unlock()
	for _, socket := range c.sockets() {
		socket.stop()
	}
	return c.idle
}

func (c *carrier) sockets() (all []carriage) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for socket := range c.open {
		all = append(all, socket)
	}
	return all
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// longAgo as a deadline ends what reads now.
var longAgo = time.Unix(1, 0)

// patience is with sockets that cannot be read from: an error may concern one datagram or one
// connection, or all that follow.
type patience struct{ failures int }

const (
	mostFailures = 20 // in a row, over some 10 s
	firstPause   = 5 * time.Millisecond
	longestPause = time.Second
)

// again waits before the next attempt, and reports whether there should be one.
func (p *patience) again(closing <-chan struct{}) bool {
	p.failures++
	if p.failures >= mostFailures {
		return false
	}
	pause := time.NewTimer(min(firstPause<<(p.failures-1), longestPause))
	defer pause.Stop()
	select {
	case <-pause.C:
		return true
	case <-closing:
		return true // the next attempt ends
	}
}
