package cluster

import (
	"time"

	"github.com/grapevine-go/grapevine/membership"
)

// A member that lives is asked about what others say of it and it did not say itself, see
// [membership.Store.Questions].

const (
	firstQuestion = time.Second // between two questions to one member; doubles while it does not answer
	slowQuestion  = 15 * time.Second
	nextTurn      = 100 * time.Millisecond // until a question is tried again that found no room
	mostAsked     = 4096                   // members, after which those that may be asked again are forgotten
)

// lastQuestion is when a member was asked last, and how long until it is asked again.
type lastQuestion struct {
	at    time.Time
	pause time.Duration
}

// question asks the members whose records are in doubt. A member that is said to have ended is
// probed as well.
func (r *repairer) question() {
	for _, q := range r.node.store.Questions() {
		id := identity{q.Name, q.BootID}
		if !r.node.push.has(id) || !r.mayAsk(id, q.Unheard) {
			continue
		}
		if q.Ends {
			r.node.watch.suspect(id, suspicion{why: "others say that it ended", weak: true})
		}
		r.out.add(id, r.questionTo(id))
	}
}

// questionTo is a message that asks a member for its own record. The member counts as asked once it is
// the message's turn, whether the member can be reached or not.
func (r *repairer) questionTo(id identity) batch {
	asked := false
	return batch{
		next: func() []byte {
			if asked {
				return nil
			}
			asked = true
			r.node.inbox.put(askedEvent{id})
			return wantMessage{r.node.id, []string{id.name}}.encode()
		},
		failed: func() {
			if !asked {
				r.noRoom(id)
			}
		},
	}
}

// noRoom lets a question be tried again soon that found no room among all that is sent: the member
// was not asked, so its pause does not grow.
func (r *repairer) noRoom(id identity) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if last, known := r.asked[id]; known {
		last.pause /= 2
		r.asked[id] = lastQuestion{last.at.Add(nextTurn - last.pause), last.pause}
	}
}

// mayAsk allows a question a second to one member, and fewer to one that does not answer. A member that
// has told nothing yet is about to push its record, and is asked a second later.
func (r *repairer) mayAsk(id identity, unheard bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	last, known := r.asked[id]
	if known && time.Since(last.at) < last.pause {
		return false
	}
	if !known && len(r.asked) >= mostAsked {
		r.forgetAsked()
	}
	if time.Since(last.at) > 2*slowQuestion {
		last.pause = 0
	}
	if !known && unheard {
		r.asked[id] = lastQuestion{time.Now(), firstQuestion}
		return false
	}
	r.asked[id] = lastQuestion{time.Now(), min(max(2*last.pause, firstQuestion), slowQuestion)}
	return true
}

// forgetAsked makes room. Called with the lock held.
func (r *repairer) forgetAsked() {
	for id, last := range r.asked {
		if time.Since(last.at) >= last.pause {
			delete(r.asked, id)
		}
	}
}

// answered records that a member that was asked has answered.
func (r *repairer) answered(id identity) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if last, known := r.asked[id]; known {
		last.pause = firstQuestion
		r.asked[id] = last
	}
}

// askAbout asks a peer what it knows of a name.
func (r *repairer) askAbout(name string, peer identity) {
	own := headsMessage{from: r.node.id, asks: true, first: name, last: name, heads: r.node.store.HeadOf(name)}
	r.out.add(peer, each(own.encode())) // best effort
}

// noted is what follows for the store from a question that was sent.
func (e askedEvent) noted() membership.Change {
	return membership.Asked{Name: e.id.name, BootID: e.id.boot}
}
