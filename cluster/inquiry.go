package cluster

import (
	"context"
	"math/rand"           // of the first version, as memberlist: a test can seed both together
	random "math/rand/v2" // seeded by the system: nobody can foretell a nonce
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// inquiry is a look that is under way.
type inquiry struct {
	id      identity
	nonce   uint64        // that answers repeat
	others  []Address     // who should answer this node, if anybody can; none where there are none. Drawn once they are needed
	deaf    atomic.Bool   // none of them does at present
	answers chan struct{} // the member's own
	asked   atomic.Int32
	heard   [lookParts]atomic.Bool // whether one of others answered, in each part of the look
	system  atomic.Bool            // the member's system answered, or this one's could not ask it
	dials   *budget
}

// hears says whether others have answered up to now. It is a look's control: who hears nobody else cannot say of a member that
// it is silent. An answer to a question of the first part may come in the second.
func (q *inquiry) hears() bool {
	over := min(max(q.part(), 1), lookParts)
	for part := range q.heard[:over] {
		heard := q.heard[part].Load() || part == 0 && q.heard[1].Load()
		if !heard && len(q.others) > 0 {
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

// inquire begins to take the answers that concern a member.
func (w *watch) inquire(id identity, dials *budget) *inquiry {
	q := &inquiry{id: id, nonce: newNonce(), dials: dials, answers: make(chan struct{}, 1)}
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
	living := w.node.push.contacted()
	w.mu.Lock()
	defer w.mu.Unlock()
	for other, address := range living {
		if _, suspected := w.silent[other]; other != id && !suspected && w.doubted[other] == undoubted {
			others = append(others, Address{Addr: address, Name: other.String()})
		}
	}
	slices.SortFunc(others, func(a, b Address) int { return strings.Compare(a.Name, b.Name) })
	rand.Shuffle(len(others), func(i, j int) { others[i], others[j] = others[j], others[i] })
	return others[:min(len(others), mostWitness)]
}

// ask waits for whoever is at address to say who it is, by datagram, or for what else was found.
func (w *watch) ask(ctx context.Context, q *inquiry, address Address, found <-chan verdict, late func(*inquiry)) verdict {
	question := note{from: w.node.id, subject: q.id, version: q.nonce, replyTo: w.node.Address()}.encode(kindProbe)
	again := time.NewTicker(w.node.stretch(lookAsks*askAgain) / lookAsks)
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
		others := w.others(q.id)
		w.mu.Lock()
		q.others = others
		w.mu.Unlock()
	}
	if n := len(q.others); n > 0 && !q.heard[min(q.part(), lookParts-1)].Load() {
		for i := range witnesses {
			w.node.send(q.others[(witnesses*asked+i)%n], question)
		}
	}
}

// newNonce draws the nonce of a probe. It is below 2^62, as every version of a message is.
func newNonce() uint64 { return 1 + random.Uint64()>>3 }

// repeatsNonce is the first wire version in which an answer repeats the nonce of its question.
const repeatsNonce = 2

// answers reports whether an answer belongs to this probe, rather than to an earlier one or to none. An
// older release does not repeat the nonce.
func (w *watch) answers(q *inquiry, answer note) bool {
	if answer.version != 0 || q.id != answer.subject {
		return q.id == answer.subject && q.nonce == answer.version
	}
	_, wire, living := w.node.push.peer(answer.from)
	return living && wire < repeatsNonce
}

// answered passes an answer on to the looks that wait for it. That the member answers itself is proof of life. What others
// say of it is none of anything, but that those answer that were asked shows that this node is heard, and hears; and who else
// is at its address shows when it is dialled.
func (w *watch) answered(answer note) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for q := range w.waiting {
		switch {
		case !w.answers(q, answer):
		case answer.from != answer.subject:
			if q.asksOf(answer.from.String()) {
				q.heard[min(q.part(), lookParts-1)].Store(true)
			}
		default:
			putToken(q.answers)
		}
	}
}

// asksOf reports whether a member is one of those that are asked. It is called with the watch's lock held.
func (q *inquiry) asksOf(name string) bool {
	return slices.ContainsFunc(q.others, func(other Address) bool { return other.Name == name })
}
