package transport

import (
	"time"
)

var errFlood = &RefusedError{Reason: ReasonFlood, Detail: "it opens too many connections"}

// accept takes connections from the network.
func (t *Transport) accept() {
	for {
		select {
		case conn := <-t.network.StreamCh():
			c := &pending{conn, hostOf(addrPortOf(conn.RemoteAddr()).Addr()), time.Now()}
			evicted, ok := t.admission.enter(c, t.lag.Stretch(provenWithin))
			if evicted != nil {
				evicted.Close()
				t.refuse(errFlood, evicted.host.String())
			}
			switch {
			case !ok:
				conn.Close()
				t.refuse(errFlood, c.host.String())
			case !t.spawn(func() { t.welcome(c) }):
				t.admission.leave(c)
				conn.Close() // the transport shuts down
			}
		case <-t.ctx.Done():
			return
		}
	}
}

// welcome finds out who opened a connection, and serves it.
func (t *Transport) welcome(c *pending) {
	p, err := t.handshake(c.Conn, 0, time.Now().Add(t.patience(handshakeTimeout)))
	waited := t.admission.leave(c)
	if err != nil && !waited {
		return // it was evicted, which is counted already
	}
	if err != nil {
		t.refuse(err, addrPortOf(c.RemoteAddr()).Addr().String()) // hostOf cuts an IPv6 address short
		return
	}
	t.admission.authenticated(c.host, time.Now())
	name := nameOf(p.hello.id) // a boot is what the peer says it is
	if !t.admission.admit(name) {
		p.Close()
		t.refuse(errFlood, c.host.String())
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
