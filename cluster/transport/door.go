package transport

import (
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"
)

const (
	mostUnproven   = 128 // connections that have not said yet who is there
	mostUnprovenBy = 64  // and those from one IP
	mostProven     = 512 // that others opened
	mostProvenBy   = 16  // and those of one peer

	mostMeters = 4096 // IPs that are remembered
)

// handshakes are those that one IP may begin.
var handshakes = rate{atOnce: 512, eachSecond: 128}

// door decides which connections that others open come in. Who is new makes room for itself: the oldest that has not said
// who it is has to go, as a member says so within milliseconds.
type door struct {
	mu       sync.Mutex
	unproven []*visitor // the oldest first
	inside   int
	by       map[string]int // those inside, by peer
	meters   map[netip.Addr]*meter
}

// visitor is a connection that has not said who is there.
type visitor struct {
	net.Conn
	ip netip.Addr
}

func (d *door) init() { d.by, d.meters = make(map[string]int), make(map[netip.Addr]*meter) }

// enter lets a connection say who is there, and gives the one that has to go for it, nil for none. Too many from one host
// are not let in.
func (d *door) enter(v *visitor, now time.Time) (gone *visitor, ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	m := d.meters[v.ip]
	if m == nil {
		if len(d.meters) >= mostMeters {
			clear(d.meters)
		}
		m = &meter{}
		d.meters[v.ip] = m
	}
	if !m.pass(handshakes, now) {
		return nil, false
	}
	same, oldest := 0, -1
	for i, other := range d.unproven {
		if other.ip == v.ip {
			if same++; oldest < 0 {
				oldest = i
			}
		}
	}
	if same < mostUnprovenBy {
		oldest = 0
	}
	if same >= mostUnprovenBy || len(d.unproven) >= mostUnproven {
		gone = d.unproven[oldest]
		d.unproven = slices.Delete(d.unproven, oldest, oldest+1)
	}
	d.unproven = append(d.unproven, v)
	return gone, true
}

// hostOf is what counts as one host: over IPv6 each has a network of 2^64 addresses.
func hostOf(ip netip.Addr) netip.Addr {
	if prefix, err := ip.WithZone("").Prefix(64); ip.Is6() && err == nil {
		return prefix.Addr()
	}
	return ip
}

// leave ends the wait of a visitor, however it ended.
func (d *door) leave(v *visitor) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if at := slices.Index(d.unproven, v); at >= 0 {
		d.unproven = slices.Delete(d.unproven, at, at+1)
	}
}

// admit counts a connection of a peer, until out.
func (d *door) admit(id string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.inside >= mostProven || d.by[id] >= mostProvenBy {
		return false
	}
	d.inside++
	d.by[id]++
	return true
}

func (d *door) out(id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.inside--
	if d.by[id]--; d.by[id] == 0 {
		delete(d.by, id)
	}
}

var errFlood = &RefusedError{Reason: ReasonFlood, Detail: "it opens too many connections"}

// accept takes connections from the network.
func (t *Transport) accept() {
	for {
		select {
		case conn := <-t.network.StreamCh():
			v := &visitor{conn, hostOf(addrPortOf(conn.RemoteAddr()).Addr())}
			gone, ok := t.door.enter(v, time.Now())
			if gone != nil {
				gone.Close()
				t.refuse(errFlood, gone.ip.String())
			}
			if !ok || !t.spawn(func() { t.welcome(v) }) {
				conn.Close()
				t.refuse(errFlood, v.ip.String())
			}
		case <-t.ctx.Done():
			return
		}
	}
}

// welcome finds out who opened a connection, and serves it.
func (t *Transport) welcome(v *visitor) {
	p, err := t.handshake(v.Conn, 0, time.Now().Add(handshakeTimeout))
	t.door.leave(v)
	if err != nil {
		t.refuse(err, addrPortOf(v.RemoteAddr()).Addr().String()) // hostOf cuts an IPv6 address short
		return
	}
	name := nameOf(p.hello.id) // a boot is what the peer says it is
	if !t.door.admit(name) {
		p.Close()
		t.refuse(errFlood, v.ip.String())
		return
	}
	switch p.hello.purpose {
	case forLink:
		peer := t.book.peer(p.hello.sender())
		t.serve(newLink(p).attach(peer), peer)
		t.door.out(name)
	case forWatch:
		t.echo(bare(p))
		t.door.out(name)
	case forStream:
		stream := t.exchange(p, false, func() { t.door.out(name) })
		select {
		case t.streams <- stream:
		case <-t.ctx.Done():
			stream.Close()
		}
	default:
		p.Close()
		t.door.out(name)
	}
}
