package transport

import (
	"fmt"
	"net/netip"

	"github.com/grapevine-go/grapevine/cluster/internal/rate"
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

// sender is the key under which messages wait their turn: the member, whichever boot it says that it is, or the address where
// nothing proves who it is.
func (f From) sender() string {
	switch {
	case f.ID != "":
		return nameOf(f.ID)
	case f.says != "":
		return nameOf(f.says) + " " + f.Addr.Addr().String()
	}
	return f.Addr.String()
}

// Handler acts on a message. It owns payload, and may take its time: only messages of its own kind wait for it.
type Handler func(from From, payload []byte)

// Handle sends messages of a kind to handler, one at a time, from a goroutine of its own. Messages of one sender keep their
// order, and senders take turns. Up to depth messages wait. Beyond that the sender with most of them loses its newest, which
// is counted. Handle is for before [Transport.Start].
func (t *Transport) Handle(kind Kind, depth int, handler Handler) {
	if kind > LastKind {
		panic(fmt.Sprintf("transport: kind %d is one of the transport's own: use 0 to %d", kind, LastKind))
	}
	t.lanes[kind] = newLane(depth, func(d delivery) { handler(d.from, d.payload) })
}

// Pace bounds how much the handler of a kind does for one sender: messages of a cost of atOnce, and then of eachSecond every
// second. Further ones wait, and only those of their sender wait behind them. cost returns the cost of a message; nil makes
// each cost 1. Pace is for between [Transport.Handle] and [Transport.Start].
func (t *Transport) Pace(kind Kind, atOnce, eachSecond float64, cost func(payload []byte) float64) {
	t.lanes[kind].limit, t.lanes[kind].cost = rate.Limit{AtOnce: atOnce, EachSecond: eachSecond}, cost
}

// dispatch hands a message to whoever handles its kind. It takes payload over; done is called when that takes no more room.
func (t *Transport) dispatch(kind Kind, from From, payload []byte, done func()) {
	l := t.lanes[kind]
	if l == nil { // a later release may send more kinds
		t.stats.unknown.Add(1)
		done()
		return
	}
	l.put(delivery{from: from, payload: payload, done: done})
}

func nothing() {}
