package cluster

import (
	"context"
	"time"

	"github.com/grapevine-go/grapevine/cluster/internal/slots"
)

const (
	lookAsks    = 20                     // questions of a look, askAgain apart
	askAgain    = 50 * time.Millisecond  // a question, or its answer, may be lost
	lookTimeout = 2 * time.Second        // of a look whose process gets no CPU time
	dialTimeout = time.Second            // of each dial
	proveAfter  = 150 * time.Millisecond // without an answer, a look makes sure who is there, which takes a handshake
	knockTwice  = 20 * time.Millisecond  // a process that is ending may still accept
	knockAgain  = 100 * time.Millisecond // what opens a connection, or the answer to it, may be lost: the system asks again after a second
	mostWitness = 16                     // others that are asked whether anybody answers this node
	witnesses   = 3                      // of them, with each question
	lookParts   = 3                      // in each of which another has to answer
	askOthersAt = 2                      // questions without an answer
)

// verdict is what a look at a member found.
type verdict int

const (
	blind  verdict = iota // nobody else answered either, or this process did not get to ask: it proves nothing
	silent                // it did not answer, though others or its system did: it may be paused
	absent                // neither it nor its system answered, though others did
	alive                 // it answered
	dead                  // nobody listens at its address, or somebody else does
)

// lookAt finds out about a member by itself: a closed port or another process on it is proof, a time-out is none. late,
// which may be nil, is called after each question that was not answered in time.
func (w *watch) lookAt(id identity, address Address, gently bool, late func(*inquiry)) verdict {
	return w.lookWithin(w.looks, w.dials, id, address, gently, late)
}

func (w *watch) lookWithin(within slots.Slots, dials *budget, id identity, address Address, gently bool, late func(*inquiry)) verdict {
	if !within.Take(w.node.ctx) {
		return blind
	}
	defer within.Free()
	found := w.look(id, dials, address, gently, late)
	if found == blind || found == silent {
		w.node.solitude.check()
	}
	return found
}

// look asks by datagram and knocks, at once; only without an answer it asks others, and makes sure who is there. Gently, it knocks
// only without an answer, too, so that however many accuse a member, again and again, each of them costs it no more than that.
func (w *watch) look(id identity, dials *budget, address Address, gently bool, late func(*inquiry)) verdict {
	if address.Addr == w.node.Address() {
		return dead
	}
	ctx, cancel := context.WithTimeout(w.node.ctx, w.node.stretch(lookTimeout))
	defer cancel()
	q := w.inquire(id, dials)
	defer w.forget(q)
	found := make(chan verdict, 1) // more would say the same
	var knockAfter time.Duration
	if gently || w.node.strained() {
		knockAfter = w.node.stretch(askAgain)
	}
	w.node.spawn(func() {
		if sleep(ctx, knockAfter) {
			w.knock(ctx, q, address, found)
		}
	})
	w.node.spawn(func() {
		if sleep(ctx, w.node.stretch(proveAfter)) {
			offer(found, w.identify(ctx, q, address))
		}
	})
	return w.judge(w.ask(ctx, q, address, found, late))
}

// judge discards silence in a process that is late itself, as the answer may wait unread. Proof
// counts all the same.
func (w *watch) judge(found verdict) verdict {
	if (found == silent || found == absent) && w.node.strained() {
		return blind
	}
	return found
}

func offer(found chan<- verdict, one verdict) {
	if one != alive && one != dead {
		return
	}
	select {
	case found <- one:
	default:
	}
}
