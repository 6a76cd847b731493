package cluster

import (
	"context"
	"errors"
	"math/rand" // of the first version, as memberlist: a test can seed both together
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/grapevine-go/grapevine/cluster/internal/slots"
	"github.com/grapevine-go/grapevine/cluster/transport"
)

const (
	lookAsks    = 20                     // questions of a look, askAgain apart
	askAgain    = 50 * time.Millisecond  // a question, or its answer, may be lost
	lookTimeout = 2 * time.Second        // of a look whose process gets no CPU time
	dialTimeout = time.Second            // of each dial
	proveAfter  = 150 * time.Millisecond // without an answer, a look makes sure who is there, which takes a handshake
	dialAgain   = 10 * time.Millisecond  // after a connection broke
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

// inquiry is a look that is under way.
type inquiry struct {
	id      identity
	others  []Address     // who should answer this node, if anybody can; none where there are none. Drawn once they are needed
	deaf    atomic.Bool   // none of them does
	answers chan struct{} // the member's own
	asked   atomic.Int32
	heard   [lookParts]atomic.Bool // whether one of others answered, in each part of the look
	system  atomic.Bool            // the member's system answered, or this one's could not ask it
}

// hears says whether others have answered up to now. It is a look's control: who hears nobody else cannot say of a member that
// it is silent.
func (q *inquiry) hears() bool {
	over := min(max(q.part(), 1), lookParts)
	for part := range q.heard[:over] {
		if !q.heard[part].Load() && len(q.others) > 0 {
			return false
		}
	}
	return true
}

// part is which part of the look this is.
func (q *inquiry) part() int { return int(q.asked.Load()) * lookParts / lookAsks }

// outcome is the verdict on one that has not answered.
func (q *inquiry) outcome() verdict {
	switch {
	case q.asked.Load() < lookAsks || !q.hears():
		return blind
	case q.system.Load() || len(q.others) == 0:
		return silent
	}
	return absent
}

// lookAt finds out about a member by itself: a closed port or another process on it is proof, a time-out is none. late,
// which may be nil, is called after each question that was not answered in time.
func (w *watch) lookAt(id identity, address Address, late func(*inquiry)) verdict {
	return w.lookWithin(w.looks, id, address, late)
}

func (w *watch) lookWithin(within slots.Slots, id identity, address Address, late func(*inquiry)) verdict {
	if !within.Take(w.node.ctx) {
		return blind
	}
	defer within.Free()
	found := w.look(id, address, late)
	if found == blind || found == silent {
		w.node.solitude.check()
	}
	return found
}

// look asks by datagram and knocks, at once; only without an answer it asks others, and makes sure who is there, so that however
// many accuse a member that is well, each of them costs it no more than an answer.
func (w *watch) look(id identity, address Address, late func(*inquiry)) verdict {
	if address.Addr == w.node.Address() {
		return dead
	}
	ctx, cancel := context.WithTimeout(w.node.ctx, lookTimeout)
	defer cancel()
	q := w.inquire(id)
	defer w.forget(q)
	found := make(chan verdict, 1) // more would say the same
	w.node.spawn(func() { w.knock(ctx, q, address, found) })
	w.node.spawn(func() {
		select {
		case <-time.After(proveAfter):
			offer(found, w.identify(ctx, id, address))
		case <-ctx.Done():
		}
	})
	return w.ask(ctx, q, address, found, late)
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

// inquire begins to take the answers that concern a member.
func (w *watch) inquire(id identity) *inquiry {
	q := &inquiry{id: id, answers: make(chan struct{}, 1)}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.waiting[q] = true
	return q
}

func (w *watch) forget(q *inquiry) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.waiting, q)
}

// others draws members other than id of whom nothing bad is known.
func (w *watch) others(id identity) (others []Address) {
	living := w.node.push.living()
	w.mu.Lock()
	defer w.mu.Unlock()
	for other, address := range living {
		if other != id && !w.silent[other] && !w.doubted[other] {
			others = append(others, Address{Addr: address, Name: other.String()})
		}
	}
	slices.SortFunc(others, func(a, b Address) int { return strings.Compare(a.Name, b.Name) })
	rand.Shuffle(len(others), func(i, j int) { others[i], others[j] = others[j], others[i] })
	return others[:min(len(others), mostWitness)]
}

// ask waits for whoever is at address to say who it is, by datagram, or for what else was found.
func (w *watch) ask(ctx context.Context, q *inquiry, address Address, found <-chan verdict, late func(*inquiry)) verdict {
	question := note{from: w.node.id, subject: q.id, replyTo: w.node.Address()}.encode(kindProbe)
	again := time.NewTicker(askAgain)
	defer again.Stop()
	for {
		w.node.send(address, question)
		select {
		case <-q.answers:
			return alive
		case verdict := <-found:
			return verdict
		case <-again.C:
		case <-ctx.Done():
			return q.outcome()
		}
		if q.asked.Add(1) >= lookAsks {
			return q.outcome()
		}
		w.askOthers(q, question)
		q.deaf.Store(q.asked.Load() > tellAt && (len(q.others) == 0 || !q.hears()))
		if late != nil {
			late(q)
		}
	}
}

// askOthers asks some more of the others, by turns, until one answers.
func (w *watch) askOthers(q *inquiry, question []byte) {
	asked := int(q.asked.Load())
	if asked == askOthersAt {
		q.others = w.others(q.id)
	}
	if n := len(q.others); n > 0 && !q.heard[min(q.part(), lookParts-1)].Load() {
		for i := range witnesses {
			w.node.send(q.others[(witnesses*asked+i)%n], question)
		}
	}
}

// answered passes an answer on to the looks that wait for it. That the member answers itself is proof of life. What others
// say of it is none of anything, but that they answer shows that this node is heard, and hears; and who else is at its address
// shows when it is dialled.
func (w *watch) answered(answer note) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for q := range w.waiting {
		switch {
		case q.id != answer.subject:
		case answer.from != answer.subject:
			q.heard[min(q.part(), lookParts-1)].Store(true)
		default:
			select {
			case q.answers <- struct{}{}:
			default:
			}
		}
	}
}

// knock finds out whether anybody is there, whatever becomes of the process: a system answers for one that is paused.
func (w *watch) knock(ctx context.Context, q *inquiry, address Address, found chan<- verdict) {
	for pause := knockTwice; ; pause = knockAgain {
		answered := q.system.Load()
		w.node.spawn(func() { offer(found, w.knockOnce(q, address)) })
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
		switch {
		case answered:
			return
		case q.deaf.Load():
			q.system.Store(true) // nothing can come of it
			return
		}
	}
}

func (w *watch) knockOnce(q *inquiry, address Address) verdict {
	err := w.node.transport.Knock(address.Addr, dialTimeout)
	var timeout net.Error
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return dead
	case errors.Is(err, syscall.EHOSTUNREACH), errors.As(err, &timeout) && timeout.Timeout():
	default:
		q.system.Store(true)
	}
	return silent
}

// identify says who listens at address, also when that changes before ctx is done: a process that ends may still accept,
// or its system for it, and resets the connection a moment later.
func (w *watch) identify(ctx context.Context, id identity, address Address) verdict {
	for ctx.Err() == nil {
		found, err := w.node.transport.Identify(ctx, address.Addr, dialTimeout)
		var refused *transport.RefusedError
		switch {
		case err == nil && found == id.String():
			return alive
		case err == nil, errors.Is(err, syscall.ECONNREFUSED):
			return dead
		case errors.As(err, &refused) && refused.Reason == transport.ReasonCluster:
			return dead
		}
		select {
		case <-time.After(dialAgain):
		case <-ctx.Done():
		}
	}
	return silent
}
