package transport

import (
	"net"
	"time"
)

var errFlood = &RefusedError{Reason: ReasonFlood, Detail: "it opens too many connections"}

// accept takes connections from the network.
func (t *Transport) accept() {
	for {
		select {
		case conn := <-t.network.StreamCh():
			t.enter(conn)
		case <-t.ctx.Done():
			return
		}
	}
}

// enter lets a connection authenticate, if it is admitted.
func (t *Transport) enter(conn net.Conn) {
	c := &pending{conn, hostOf(addrPortOf(conn.RemoteAddr()).Addr()), time.Now()}
	share := t.admission.share(c.host, c.since)
	if t.budget.refuses(share, c.host) {
		t.refuse(errFlood, c.host.String())
		conn.Close()
		return
	}
	evicted, ok := t.admission.enter(c, t.lag.Stretch(provenWithin))
	if evicted != nil {
		t.refuse(errFlood, evicted.host.String())
		evicted.Close()
	}
	if !ok {
		t.refuse(errFlood, c.host.String())
		conn.Close()
		return
	}
	until := c.since.Add(t.patience(handshakeTimeout))
	visitor := unproven(conn, t.budget.effort(share, c.host, until))
	c.Conn = visitor
	if !t.spawn(func() { t.welcome(c, visitor, until) }) {
		t.admission.leave(c)
		conn.Close() // the transport shuts down
	}
}

// welcome finds out which member opened a connection, and serves it.
func (t *Transport) welcome(c *pending, visitor *unprovenConn, until time.Time) {
	p, err := t.handshake(visitor, 0, until, func(err error) {
		if t.admission.leave(c) { // what was evicted is counted already
			t.refuse(err, addrPortOf(c.RemoteAddr()).Addr().String()) // hostOf cuts an IPv6 address short
		}
	})
	t.admission.leave(c)
	if err != nil {
		return
	}
	t.admission.authenticated(c.host, time.Now())
	name := nameOf(p.hello.id) // a boot is what the peer says it is
	if !t.admission.admit(name) {
		t.refuse(errFlood, c.host.String())
		p.Close()
		return
	}
	switch p.hello.purpose {
	case forLink:
		peer := t.book.peer(p.hello.sender())
		t.serve(newLink(p).attach(peer), peer)
		t.admission.out(name)
	case forWatch:
		t.echo(bare(p))
		t.admission.out(name)
	case forStream:
		if !t.exchanges.take(name) {
			p.abort()
			t.admission.out(name)
			t.refuse(errFlood, c.host.String())
			return
		}
		stream := t.exchange(p, false, func() {
			t.exchanges.give(name)
			t.admission.out(name)
		})
		select {
		case t.streams <- stream:
		case <-t.ctx.Done():
			stream.Close()
		}
	default:
		p.Close()
		t.admission.out(name)
	}
}

// patience stretches the time-out of a handshake by the lag of this process, to twice as long at most: each holds a place.
func (t *Transport) patience(d time.Duration) time.Duration { return min(t.lag.Stretch(d), 2*d) }
