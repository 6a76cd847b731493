package cluster

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/grapevine-go/grapevine/cluster/internal/aged"
	"github.com/grapevine-go/grapevine/cluster/internal/slots"
	"github.com/grapevine-go/grapevine/membership"
)

const (
	tellAt      = 4                      // questions without an answer, and the others are asked to look, too, or their suspicion is confirmed
	doubtAt     = 12                     // and it is suspected
	confirmEach = 3                      // times, as datagrams are lost
	firstRelook = 500 * time.Millisecond // between two looks at one that is suspected; doubles with each
	slowRelook  = 15 * time.Second       // by then it is beyond a cut, and says so when it can
	mostLooks   = 16                     // at a time
	mostSeen    = 4096                   // members whose last look is remembered, and those that were accused
	mostDoubts  = 4096                   // members that memberlist gave up and that are looked at; more are suspected, and wait
	tellAgain   = time.Minute            // between two times that the others are told of one silence
	doubtLooks  = 64                     // looks at them, at a time
)

// watch looks at members of which a call or a peer says that they are gone. Nobody is dropped on hearsay: a member goes when
// this node itself finds its port closed or in other hands; or finds that not even its system answers, while others do, and one
// of those has found it silent as well.
type watch struct {
	node   *Node
	looks  slots.Slots
	doubts slots.Slots // looks at those that memberlist gave up
	dials  *budget
	verify *budget // of those looks: a part of dials

	reminders slots.Slots // of members that answer and that memberlist gave up; more are left out

	mu      sync.Mutex
	doubted map[identity]declared          // those that memberlist gave up
	queued  []doubtful                     // of them, those that wait for a place
	proving int                            // of them, those that have one
	silent  map[identity]time.Time         // those that are suspected, and since when
	under   map[identity]bool              // looks under way, and those that wait
	seen    *aged.Map[identity, lastLook]  // the last look at each
	accused *aged.Map[identity, *accusers] // lately, by others
	waiting map[*inquiry]bool              // looks that wait for an answer
}

// suspicion is why a member is looked at.
type suspicion struct {
	why  string // for people
	tell bool   // the others, should it not answer; or else those who told of it
	weak bool   // somebody had to wait, as happens with members that are well
	told bool   // the others know of its silence, but not of proof
}

func newWatch(n *Node) *watch {
	dials := newBudget()
	return &watch{
		node:   n,
		looks:  make(slots.Slots, mostLooks),
		doubts: make(slots.Slots, doubtLooks),
		dials:  dials,
		verify: dials.half(),

		reminders: make(slots.Slots, mostIntroductions),

		doubted: make(map[identity]declared),
		silent:  make(map[identity]time.Time),
		under:   make(map[identity]bool),
		seen:    aged.New[identity, lastLook](mostSeen),
		accused: aged.New[identity, *accusers](mostSeen),
		waiting: make(map[*inquiry]bool),
	}
}

// report is what a call learned about an instance: [membership.View.Report].
func (w *watch) report(instance membership.Instance, evidence membership.Evidence) {
	if evidence == membership.Fine {
		if id := (identity{instance.Member, instance.Boot.ID}); w.clear(id) {
			w.node.inbox.put(metEvent{id})
		}
		return
	}
	s := suspicion{why: string(evidence), tell: true, weak: evidence == membership.TimedOut}
	w.suspect(identity{instance.Member, instance.Boot.ID}, s)
}

// suspect probes a member unless this node just did. A process that is late itself ignores weak
// suspicions.
func (w *watch) suspect(id identity, s suspicion) {
	address, known := w.where(id)
	if !known || id == w.node.id || s.weak && w.node.strained() {
		return
	}
	wait, begun := w.beginLook(id, s.weak)
	if !begun {
		return
	}
	w.node.spawn(func() {
		if !sleep(w.node.ctx, wait) {
			return
		}
		found := w.investigate(id, address, s)
		w.endLook(id, found)
		if w.conclude(id, found, s.why); found == silent && w.note(id) {
			w.relook(id, address, s)
			w.clear(id)
		}
	})
}

// unanswered looks at a neighbour that is silent. One that is suspected is looked at anyway, ever less often.
func (w *watch) unanswered(id identity) {
	if !w.isSilent(id) && !w.node.solitude.cutOff() {
		w.suspect(id, suspicion{why: "it missed heartbeats", tell: true, weak: true})
	}
}

// investigate is a look at a member that others hear of while it lasts. One that is absent is so only if another says so, too,
// and silent otherwise.
func (w *watch) investigate(id identity, address Address, s suspicion) verdict {
	var answered atomic.Bool
	told, confirmed, suspected := !s.tell, 0, false
	found := w.lookAt(id, address, s.weak && w.wasWell(id), func(q *inquiry) {
		asked := q.asked.Load()
		if asked < tellAt || !q.hears() || w.node.strained() {
			return
		}
		if asked >= doubtAt && !suspected {
			suspected = true
			w.conclude(id, silent, s.why) // so far
		}
		if !told && !s.told {
			told = true
			w.accuse(id, silent, &answered)
		}
		if confirmed++; confirmed <= confirmEach {
			w.confirm(id)
		}
	})
	switch {
	case found == alive:
		answered.Store(true)
		w.acquit(id)
	case found == dead && !told:
		w.accuse(id, dead, &answered)
	case found == absent && !w.confirmed(id):
		return silent
	}
	return found
}

// note takes note of a suspect, and says whether it is a new one.
func (w *watch) note(id identity) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, known := w.silent[id]
	if !known {
		w.silent[id] = time.Now()
	}
	return !known
}

// clear ends the suspicion of a member, and says whether there was one.
func (w *watch) clear(id identity) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, suspected := w.silent[id]
	delete(w.silent, id)
	return suspected
}

// silentFor is for how long a suspect has been one, at most since then.
func (w *watch) silentFor(id identity, since time.Time) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	began, suspected := w.silent[id]
	if !suspected {
		return 0
	}
	return min(time.Since(began), time.Since(since))
}

// conclude passes on what a look found.
func (w *watch) conclude(id identity, found verdict, why string) {
	switch found {
	case alive:
		w.node.inbox.put(metEvent{id})
	case dead:
		w.node.log.Debug().Str("member", id.name).Str("reason", why).Msg("cluster: member is gone")
		w.node.inbox.put(downEvent{id, true, lookedAt, why + ", and nobody listens at its port, or somebody else"})
	case absent:
		w.node.log.Debug().Str("member", id.name).Str("reason", why).Msg("cluster: member has vanished")
		w.node.inbox.put(downEvent{id, false, lookedAt, why + ", and not even its system answers" + w.asOthersFind(id)})
	case silent:
		if w.node.solitude.cutOff() {
			return
		}
		w.node.inbox.put(suspectEvent{id, why + ", and it answers no probe"})
	}
}

// relook looks at a suspect until that ends: it answers, is found gone, or SWIM gives it up.
// The others hear of its silence once a minute.
func (w *watch) relook(id identity, address Address, s suspicion) {
	told := time.Now()
	for pause := firstRelook; ; pause = min(2*pause, slowRelook) {
		if !sleep(w.node.ctx, jitter(w.node.stretch(pause))) {
			return
		}
		if _, living := w.node.push.address(id); !living || !w.isSilent(id) {
			return
		}
		if w.node.solitude.cutOff() {
			continue
		}
		if s.told = time.Since(told) < tellAgain; !s.told {
			told = time.Now()
		}
		found := w.investigate(id, address, s)
		if w.conclude(id, found, s.why); found != silent && found != blind {
			return
		}
	}
}

func (w *watch) isSilent(id identity) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, suspected := w.silent[id]
	return suspected
}

// where gives the address of a member that lives, or that is listed still although it fell silent.
func (w *watch) where(id identity) (Address, bool) {
	if address, known := w.node.push.address(id); known {
		return address, true
	}
	listed, _ := w.node.View().Snapshot().Member(id.name)
	return Address{Addr: listed.Address, Name: id.String()}, listed.Boot.ID == id.boot && listed.Address != ""
}
