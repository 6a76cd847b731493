package cluster

import (
	"context"
	"net/netip"
	"sync"

	"github.com/grapevine-go/grapevine/cluster/internal/slots"
	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/membership"
)

// event is something that memberlist, a peer or a call told this node.
type event interface{}

type (
	upEvent struct {
		id       identity
		address  string
		wire     byte // the newest wire version that it and this node speak
		answered bool // this node itself, rather than that others say so
	}
	metEvent  struct{ id identity } // a peer said something to this node itself
	downEvent struct {
		id       identity
		proof    bool // rather than silence
		finding  finding
		evidence string
	}
	suspectEvent struct { // it does not answer
		id       identity
		evidence string
	}
	pushEvent struct { // its owner sent it
		record  membership.Record
		from    netip.AddrPort // where its owner is
		meta    []byte         // and what it tells memberlist of itself
		insists bool           // on an acknowledgement by stream
		by      transport.From // who sent it
	}
	digestEvent struct { // how a peer sums up all it knows
		from   identity
		digest uint64
	}
	headsEvent struct { // a peer tells which records it knows
		headsMessage
		joins bool // it is all it knows, and one of the two has just come to the other
	}
	stepEvent struct { // a part of what a peer knows, as one of the two has just come to the other
		headsMessage
		all []membership.Head // all of it, with the last part; or else nil
	}
	recordsEvent struct{ recordsMessage } // a peer sent records of others
	askedEvent   struct{ id identity }    // a member was asked for its own record
	cutOffEvent  struct{ cut bool }       // nobody is heard any more, or somebody is again
	branchEvent  struct {                 // a relay sent the record of another, to be acknowledged to the relay
		relay  identity
		record membership.Record
	}
)

// finding is how it came out that a member is gone.
type finding int

const (
	givenUp  finding = iota // by memberlist
	looked                  // this node itself found it so, after memberlist gave it up
	lookedAt                // this node itself found it so
)

const (
	// mostMessages bounds what may wait; offers beyond it are lost, as if on the network, and made again.
	mostMessages = 8192

	// mostAdmitted are the messages of others that wait for the loop, and mostLarge those of more than largeMessage bytes. The
	// rest waits in the transport, by turns of the senders, so that what waits here is short and its order is fair.
	mostAdmitted = 1024
	mostLarge    = 4
	largeMessage = 2 << 10

	mostChanges = 4 // of one member, as memberlist sees it, that wait; the last is kept
)

// inbox holds events until the node's loop takes them. memberlist calls back under its own locks: all that happens
// there is one append.
type inbox struct {
	filled       chan struct{} // holds one token while there may be events
	small, large slots.Slots   // of messages that were admitted

	mu      sync.Mutex
	events  []event
	smalls  int                 // slots of those in events
	larges  int                 // the same for large ones
	changes map[identity]latest // what memberlist tells of members
}

// latest is how many changes of a member wait, and where the last of them is.
type latest struct{ count, at int }

func newInbox() *inbox {
	return &inbox{
		filled: make(chan struct{}, 1), changes: make(map[identity]latest),
		small: make(slots.Slots, mostAdmitted), large: make(slots.Slots, mostLarge),
	}
}

// put adds an event that must not be lost.
func (b *inbox) put(e event) { b.add(e, false) }

// offer adds an event that its sender sends again, if it is dropped.
func (b *inbox) offer(e event) { b.add(e, true) }

func (b *inbox) add(e event, droppable bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if droppable && len(b.events) >= mostMessages {
		return
	}
	b.events = append(b.events, e)
	putToken(b.filled)
}

// change adds what memberlist tells of a member. Where several changes of it wait, it replaces the last: a member that comes
// and goes fills no memory.
func (b *inbox) change(id identity, e event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if last := b.changes[id]; last.count >= mostChanges {
		b.events[last.at] = e
		return
	}
	b.changes[id] = latest{b.changes[id].count + 1, len(b.events)}
	b.events = append(b.events, e)
	putToken(b.filled)
}

// admit adds a message of that many bytes, and waits for its turn while too many wait. It reports whether it did so before
// ctx was done.
func (b *inbox) admit(ctx context.Context, e event, size int) bool {
	large := size > largeMessage
	if large && !b.large.Take(ctx) || !large && !b.small.Take(ctx) {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if large {
		b.larges++
	} else {
		b.smalls++
	}
	b.events = append(b.events, e)
	putToken(b.filled)
	return true
}

// take gives what has come since the last call.
func (b *inbox) take() []event {
	b.mu.Lock()
	defer b.mu.Unlock()
	for ; b.smalls > 0; b.smalls-- {
		b.small.Free()
	}
	for ; b.larges > 0; b.larges-- {
		b.large.Free()
	}
	events := b.events
	b.events = nil
	clear(b.changes)
	return events
}
