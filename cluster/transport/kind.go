package transport

import (
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
)

// Kind says what a message is: it is the first byte of what is sealed. Those beyond [LastKind] are the transport's own.
type Kind byte

const (
	LastKind Kind = 0xef // the last that is free for others

	kindPacket Kind = 0xf0 // a packet of memberlist's
	kindAsk    Kind = 0xf1 // does this datagram get through? A nonce follows, and padding
	kindPass   Kind = 0xf2 // it did: the nonce follows
	kindPing   Kind = 0xf3 // memberlist's, in the short form
	kindAck    Kind = 0xf4 // and its answer
)

// From is who sent a message.
type From struct {
	ID   string         // name@boot, as its certificate says; "" where nothing is sealed
	Addr netip.AddrPort // where it came from

	// Of what came by stream: who it says that it is, and where it is dialled.
	says string
	home netip.AddrPort
}

// Handler acts on a message. It owns payload, and may take its time: only messages of its own kind wait for it.
type Handler func(from From, payload []byte)

// Handle sends messages of a kind to handler, one at a time and in order, from a goroutine of its own. Up to depth wait;
// what comes when as many wait is dropped and counted. Handle is for before [Transport.Start].
func (t *Transport) Handle(kind Kind, depth int, handler Handler) {
	if kind > LastKind {
		panic(fmt.Sprintf("transport: kind %d is one of the transport's own: use 0 to %d", kind, LastKind))
	}
	t.lanes[kind] = &lane{handle: handler, depth: depth, filled: make(chan struct{}, 1)}
}

// dispatch hands a message to whoever handles its kind. It takes payload over; done is called when that takes no more room.
func (t *Transport) dispatch(kind Kind, from From, payload []byte, done func()) {
	l := t.lanes[kind]
	if l == nil { // a later release may send more kinds
		t.stats.unknown.Add(1)
		done()
		return
	}
	l.put(delivery{from, payload, done})
}

// lane is the queue of one kind and the goroutine that empties it. An empty queue takes no room, however deep it may get.
type lane struct {
	handle  Handler
	depth   int
	filled  chan struct{} // holds a token while there may be something to handle
	dropped atomic.Uint64

	mu      sync.Mutex
	waiting []delivery
}

// delivery is a message that waits for its handler.
type delivery struct {
	from    From
	payload []byte
	done    func() // gives back the room that it takes
}

func (l *lane) put(d delivery) {
	l.mu.Lock()
	full := len(l.waiting) >= l.depth
	if !full {
		l.waiting = append(l.waiting, d)
	}
	l.mu.Unlock()
	if full {
		l.dropped.Add(1)
		d.done()
		return
	}
	select {
	case l.filled <- struct{}{}:
	default:
	}
}

// next takes the oldest that waits.
func (l *lane) next() (d delivery, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) == 0 {
		l.waiting = nil
		return d, false
	}
	d, l.waiting[0] = l.waiting[0], delivery{}
	l.waiting = l.waiting[1:]
	return d, true
}

func (l *lane) run(t *Transport) {
	for {
		select {
		case <-l.filled:
		case <-t.ctx.Done():
			return
		}
		for d, ok := l.next(); ok && t.ctx.Err() == nil; d, ok = l.next() {
			l.handle(d.from, d.payload)
			d.done()
		}
	}
}

func nothing() {}
