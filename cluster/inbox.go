package cluster

import (
	"net/netip"
	"sync"

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
	}
	digestEvent struct { // how a peer sums up all it knows
		from   identity
		digest uint64
	}
	headsEvent struct { // a peer tells which records it knows
		headsMessage
		joins bool // it is all it knows, and one of the two has just come to the other
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

// mostMessages bounds what may wait; messages beyond it are lost, as if on the network, and sent again.
const mostMessages = 8192

// inbox holds events until the node's loop takes them. memberlist calls back under its own locks: all that happens
// there is one append.
type inbox struct {
	mu     sync.Mutex
	events []event
	filled chan struct{} // holds one token while there may be events
}

func newInbox() *inbox { return &inbox{filled: make(chan struct{}, 1)} }

// put adds an event that must not be lost.
func (b *inbox) put(e event) { b.add(e, false) }

// offer adds an event that whoever sent it will send again.
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

// take gives what has come since the last call.
func (b *inbox) take() []event {
	b.mu.Lock()
	defer b.mu.Unlock()
	events := b.events
	b.events = nil
	return events
}
