package dnsendpoint

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"
)

const (
	// idleTimeout is how long a connection may take to send a whole query, and to read an answer:
	// RFC 7766, section 6.2.3, asks for seconds.
	idleTimeout = 5 * time.Second

	lengthSize  = 2        // the bytes before each message
	mostPending = 64 << 10 // bytes of answers that are written at once

	// limitPause is between two looks whether a connection beyond the rate limit may go on.
	limitPause = 10 * time.Millisecond

	// lastWords is how long a client may take to read its answers when the server ends or does not
	// understand it. To close a connection in which unread bytes wait would reset it, and answers
	// would be lost.
	lastWords = 250 * time.Millisecond
)

// ServeTCP answers the queries on the connections of listener (RFC 7766), and blocks until Shutdown
// or until listener fails. It closes listener and the connections, and waits for them. It returns
// [ErrServerClosed] after Shutdown, otherwise the error of listener, or a [*membership.FieldError]
// of a field that cannot be used. Several calls, each with a listener of its own, may run at once.
//
// A connection may send several queries without waiting for answers, which come in the order of the
// queries. Those that send no whole query for 5 s, or take 5 s to read, are closed. There are 150
// connections at most. The next replaces the connection that has been idle longest, of the network
// (/24 or /56) that has the most.
func (s *Server) ServeTCP(listener net.Listener) error {
	defer listener.Close()
	if err := s.setup(); err != nil {
		return err
	}
	socket := &listenSocket{listener}
	if !s.begin(socket) {
		return ErrServerClosed
	}
	defer s.carrier.end(socket)
	s.serving(listener.Addr())
	var work sync.WaitGroup
	accepting := make(chan struct{})
	err := s.accept(listener, accepting, &work)
	close(accepting)
	s.stopAccepted(accepting)
	work.Wait()
	return err
}

// stopAccepted ends the connections of a listener.
func (s *Server) stopAccepted(accepting <-chan struct{}) {
	for _, socket := range s.carrier.sockets() {
		if c, ok := socket.(*connection); ok && c.accepting == accepting {
			c.stop()
		}
	}
}

func (s *Server) accept(listener net.Listener, accepting <-chan struct{}, work *sync.WaitGroup) error {
	var p patience
	closing := s.closed()
	for {
		conn, err := listener.Accept()
		switch {
		case err == nil:
			p = patience{}
			c := newConnection(s, conn, closing, accepting)
			if !s.adopt(c) {
				conn.Close()
				return ErrServerClosed
			}
			s.connections.add(c)
			work.Go(func() {
				defer s.abandon(c)
				defer s.connections.remove(c)
				defer conn.Close()
				c.serve()
			})
		case isClosed(closing):
			return ErrServerClosed
		case errors.Is(err, net.ErrClosed) || errors.Is(err, io.EOF) || !p.again(closing):
			return err
		}
	}
}

// listenSocket is the carriage of a listener.
type listenSocket struct{ net.Listener }

func (l *listenSocket) stop() { l.Close() }

// connection is one of a client.
type connection struct {
	net.Conn
	server    *Server
	client    source
	prefix    netip.Prefix
	closing   <-chan struct{} // closed by Shutdown
	accepting <-chan struct{} // closed once its listener accepts no more
	replaced  chan struct{}   // closed when another one has its place
	used      time.Time       // when it last sent a whole query; under the lock of connections

	mu      sync.Mutex
	leaving bool // its last words are under way
}

func newConnection(s *Server, conn net.Conn, closing, accepting <-chan struct{}) *connection {
	addr := addrPortOf(conn.RemoteAddr()).Addr().Unmap()
	return &connection{Conn: conn, server: s, prefix: prefixOf(addr), used: time.Now(),
		closing: closing, accepting: accepting, replaced: make(chan struct{}),
		client: source{addr: addr, loopback: addr.IsLoopback(), tcp: true}}
}

// replace closes the connection for another one. It is called once.
func (c *connection) replace() {
	close(c.replaced)
	c.Close()
}

// ends reports whether the connection reads no more.
func (c *connection) ends() bool { return isClosed(c.closing) || isClosed(c.accepting) }

// stop ends what serve reads. serve sets a deadline, and then looks whether the connection ends.
func (c *connection) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.leaving {
		c.SetReadDeadline(longAgo)
	}
}

// serve answers until the connection ends. It reads whatever has arrived, answers all whole queries
// of that, and writes the answers at once. A client that closes its side first gets them as well.
func (c *connection) serve() {
	in := make([]byte, lengthSize+largestQuery)
	c.SetReadDeadline(time.Now().Add(idleTimeout))
	for have := 0; !c.ends(); {
		n, err := c.Read(in[have:])
		have += n
		taken, ok := c.answer(in[:have])
		if !ok {
			break
		}
		if err != nil && !c.ends() {
			return // the client sends no more, or nothing for long
		}
		have = copy(in, in[taken:have])
		if taken > 0 { // a part of a query does not prolong the connection
			c.server.connections.use(c)
			c.SetReadDeadline(time.Now().Add(idleTimeout))
		}
	}
	c.lastWords()
}

// lastWords lets the client read what was written, and leave.
func (c *connection) lastWords() {
	half, ok := c.Conn.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		return
	}
	c.mu.Lock()
	c.leaving = true
	c.SetReadDeadline(time.Now().Add(lastWords))
	c.mu.Unlock()
	io.Copy(io.Discard, c.Conn)
}

// pending holds buffers for answers. A connection has one only while it writes, so that those which
// are idle take little.
var pending = sync.Pool{New: func() any { return new([]byte) }}

// answer answers all whole queries in received. It returns how many bytes they were, and false where
// the connection cannot go on.
func (c *connection) answer(received []byte) (taken int, ok bool) {
	buffer := pending.Get().(*[]byte)
	defer pending.Put(buffer)
	out := (*buffer)[:0]
	defer func() { *buffer = out }()
	for rest := received; len(rest) >= lengthSize; rest = received[taken:] {
		size := int(binary.BigEndian.Uint16(rest))
		if size < headerSize || size > largestQuery {
			c.write(out)
			return taken, false // no query, so the next length is not to be found
		}
		if len(rest) < lengthSize+size {
			break
		}
		taken += lengthSize + size
		if !c.mayGoOn() {
			if !c.write(out) || !c.wait() {
				return taken, false
			}
			out = out[:0]
		}
		out = c.respond(out, rest[lengthSize:lengthSize+size])
		if len(out) >= mostPending {
			if !c.write(out) {
				return taken, false
			}
			out = out[:0]
		}
	}
	return taken, c.write(out)
}

// respond appends the response to query with its length before it, if one is due.
func (c *connection) respond(out, query []byte) []byte {
	begin := len(out)
	out = c.server.respond(append(out, 0, 0), query, c.client, time.Now())
	size := len(out) - begin - lengthSize
	if size == 0 {
		return out[:begin]
	}
	binary.BigEndian.PutUint16(out[begin:], uint16(size))
	return out
}

// write writes answers, and reports whether the connection can go on: a client that does not read
// them for idleTimeout is given up.
func (c *connection) write(answers []byte) bool {
	if len(answers) == 0 {
		return true
	}
	c.SetWriteDeadline(time.Now().Add(idleTimeout))
	_, err := c.Write(answers)
	c.server.written(err)
	return err == nil
}

// mayGoOn reports whether the client's network is within the rate limit.
func (c *connection) mayGoOn() bool {
	now := time.Now()
	return c.client.loopback || c.server.limits.tcp(now).allow(c.prefix, now)
}

// wait waits until the network is within the rate limit: the client then sends no faster. It returns
// false if the connection ends first.
func (c *connection) wait() bool {
	c.server.limited(c.prefix, time.Now())
	tick := time.NewTicker(limitPause)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if c.mayGoOn() {
				return true
			}
		case <-c.closing:
			return false
		case <-c.accepting:
			return false
		case <-c.replaced:
			return false
		}
	}
}
