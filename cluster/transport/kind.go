package transport

import (
	"net/netip"
	"sync/atomic"
)

// Kind says what a message is: it is the first byte of what is sealed. Those beyond [LastKind] are the transport's own.
type Kind byte

const (
	LastKind Kind = 0xef // the last that is free for others

	kindPacket Kind = 0xf0 // a packet of memberlist's
	kindAsk    Kind = 0xf1 // does this datagram get through? A nonce follows, and padding
	kindPass   Kind = 0xf2 // it did: the nonce follows
)

// From is who sent a message.
type From struct {
	ID   string         // name@boot, as its certificate says; "" where nothing is sealed
	Addr netip.AddrPort // where it came from
}

// Handler acts on a message. It owns payload, and may take its time: only messages of its own kind wait for it.
type Handler func(from From, payload []byte)

// lane is the queue of one kind and the goroutine that empties it.
type lane struct {
	handle  Handler
	waiting chan delivery
	dropped atomic.Uint64
}

// delivery is a message that waits for its handler.
type delivery struct {
	from    From
	payload []byte
	done    func() // gives back the room that it takes
}

// Handle sends messages of a kind to handler, one at a time and in order, from a goroutine of its own. Up to depth wait;
// what comes when as many wait is dropped and counted. Handle is for before [Transport.Start].
func (t *Transport) Handle(kind Kind, depth int, handler Handler) {
	t.lanes[kind] = &lane{handle: handler, waiting: make(chan delivery, depth)}
}

func (l *lane) run(t *Transport) {
	for {
		select {
		case d := <-l.waiting:
			l.handle(d.from, d.payload)
			d.done()
		case <-t.ctx.Done():
			return
		}
	}
}

func nothing() {}

// dispatch hands a message to whoever handles its kind. It takes payload over.
func (t *Transport) dispatch(kind Kind, from From, payload []byte, done func()) {
	l := t.lanes[kind]
	if l == nil { // a later release may send more kinds
		t.stats.unknown.Add(1)
		done()
		return
	}
	select {
	case l.waiting <- delivery{from, payload, done}:
	default:
		l.dropped.Add(1)
		done()
	}
}
