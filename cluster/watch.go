package cluster

import (
	"context"
	"errors"
	"sync"
	"syscall"
	"time"

	"github.com/grapevine-go/grapevine/cluster/internal/slots"
	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/membership"
)

const (
	lookTimeout = time.Second            // for a dial, and for an answer
	knockAgain  = 20 * time.Millisecond  // a process that is ending may still accept
	proveAfter  = 150 * time.Millisecond // without an answer, a look makes sure who is there, which takes a handshake
	tellAfter   = 300 * time.Millisecond // without an answer, the others are asked to look, too; after twice that it is suspected
	dialAgain   = 10 * time.Millisecond  // after a connection broke
	askAgain    = 50 * time.Millisecond  // a question, or its answer, may be lost
	firstRelook = 500 * time.Millisecond // between two looks at one that is suspected; doubles with each
	slowRelook  = 15 * time.Second       // by then it is beyond a cut, and says so when it can
	accusations = 5                      // in a row, as datagrams are lost
	accuseAgain = 100 * time.Millisecond
	lookPause   = time.Second // between two looks at one member, however many accuse it
	mostLooks   = 16          // at a time
	mostSeen    = 4096        // members whose last look is remembered
	mostWaiting = 256         // looks under way, and those that wait; more suspicions are dropped
	mostDoubts  = 4096        // members that memberlist gave up and that are looked at; more are dropped on its word
	doubtLooks  = 64          // looks at them, at a time
)

// verdict is what a look at a member found.
type verdict int

const (
	silent verdict = iota // no answer, which proves nothing
	alive                 // it answered
	dead                  // nobody listens at its address, or somebody else does
)

// watch looks at members of which a call or a peer says that they are gone. Nobody is dropped on hearsay: a member goes
// only when this node itself finds its port closed or in other hands.
type watch struct {
	node   *Node
	looks  slots.Slots
	doubts slots.Slots // looks at those that memberlist gave up

	mu      sync.Mutex
	doubted map[identity]bool            // those that memberlist gave up; false once they were seen alive again
	silent  map[identity]bool            // those that are suspected
	under   map[identity]bool            // looks under way, and those that wait
	seen    map[identity]time.Time       // when the last look at each ended
	waiting map[chan<- struct{}]identity // looks that wait for an answer, and whom they look for
}

func newWatch(n *Node) *watch {
	return &watch{
		node:    n,
		looks:   make(slots.Slots, mostLooks),
		doubts:  make(slots.Slots, doubtLooks),
		doubted: make(map[identity]bool),
		silent:  make(map[identity]bool),
		under:   make(map[identity]bool),
		seen:    make(map[identity]time.Time),
		waiting: make(map[chan<- struct{}]identity),
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
	w.suspect(identity{instance.Member, instance.Boot.ID}, string(evidence), true)
}

// suspect looks at a member if nobody looked lately. When it is gone, and tell is set, the other members are told.
func (w *watch) suspect(id identity, why string, tell bool) {
	address, known := w.where(id)
	if !known || id == w.node.id || !w.beginLook(id) {
		return
	}
	w.node.spawn(func() {
		told := !tell
		accuse := func() {
			if !told {
				told = true
				w.accuse(id)
			}
		}
		late := 0
		found := w.lookAt(id, address, func() {
			if late++; late == 1 {
				accuse()
			} else if late == 2 {
				w.conclude(id, silent, why) // so far
			}
		})
		w.endLook(id)
		if found == dead {
			accuse()
		}
		w.conclude(id, found, why)
		if found == silent && w.note(id) {
			w.relook(id, address, why)
			w.clear(id)
		}
	})
}

// note takes note of a suspect, and says whether it is a new one.
func (w *watch) note(id identity) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	known := w.silent[id]
	w.silent[id] = true
	return !known
}

// clear ends the suspicion of a member, and says whether there was one.
func (w *watch) clear(id identity) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	suspected := w.silent[id]
	delete(w.silent, id)
	return suspected
}

// conclude passes on what a look found.
func (w *watch) conclude(id identity, found verdict, why string) {
	switch found {
	case alive:
		w.node.inbox.put(metEvent{id})
	case dead:
		w.node.log.Info().Str("member", id.name).Str("reason", why).Msg("cluster: member is gone")
		w.node.inbox.put(downEvent{id, true, lookedAt, why + ", and nobody listens at its port, or somebody else"})
	case silent:
		w.node.inbox.put(suspectEvent{id, why + ", and it does not answer"})
	}
}

// relook looks at a suspect until that ends: it answers, is found gone, or SWIM gives it up.
func (w *watch) relook(id identity, address Address, why string) {
	for pause := firstRelook; ; pause = min(2*pause, slowRelook) {
		select {
		case <-time.After(jitter(pause)):
		case <-w.node.ctx.Done():
			return
		}
		if _, living := w.node.push.address(id); !living || !w.isSilent(id) {
			return
		}
		found := w.lookAt(id, address, func() {})
		if w.conclude(id, found, why); found != silent {
			return
		}
	}
}

func (w *watch) isSilent(id identity) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.silent[id]
}

// beginLook allows one look at a member at a time, and lookPause between two.
func (w *watch) beginLook(id identity) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if last, ok := w.seen[id]; ok && time.Since(last) < lookPause || w.under[id] || len(w.under) >= mostWaiting {
		return false
	}
	w.under[id] = true
	return true
}

func (w *watch) endLook(id identity) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.under, id)
	if len(w.seen) >= mostSeen {
		clear(w.seen)
	}
	w.seen[id] = time.Now()
}

// accuse asks every other member to look for itself.
func (w *watch) accuse(id identity) {
	w.node.spawn(func() {
		message := note{from: w.node.id, subject: id}.encode(kindAccuse)
		for range accusations {
			for peer, address := range w.node.push.living() {
				if peer != id {
					w.node.send(Address{Addr: address, Name: peer.String()}, message)
				}
			}
			select {
			case <-time.After(accuseAgain):
			case <-w.node.ctx.Done():
				return
			}
		}
	})
}

// lookAt finds out about a member by itself: a closed port or another process on it is proof, a time-out is none. late is
// called whenever no answer has come for tellAfter more.
func (w *watch) lookAt(id identity, address Address, late func()) verdict {
	return w.lookWithin(w.looks, id, address, late)
}

func (w *watch) lookWithin(within slots.Slots, id identity, address Address, late func()) verdict {
	if !within.Take(w.node.ctx) {
		return silent
	}
	defer within.Free()
	return w.look(id, address, late)
}

// look asks by datagram and knocks, at once; only without an answer it makes sure who is there, so that however many accuse a
// member that is well, each of them costs it no more than an answer.
func (w *watch) look(id identity, address Address, late func()) verdict {
	if address.Addr == w.node.Address() {
		return dead
	}
	ctx, cancel := context.WithTimeout(w.node.ctx, lookTimeout)
	defer cancel()
	found := make(chan verdict, 2)
	w.node.spawn(func() { w.knock(ctx, address, found) })
	w.node.spawn(func() {
		select {
		case <-time.After(proveAfter):
			found <- w.identify(ctx, id, address)
		case <-ctx.Done():
		}
	})
	return w.ask(ctx, id, address, found, late)
}

// knock finds out at once whether nobody is there.
func (w *watch) knock(ctx context.Context, address Address, found chan<- verdict) {
	for range 2 {
		if err := w.node.transport.Knock(address.Addr, lookTimeout); errors.Is(err, syscall.ECONNREFUSED) {
			found <- dead
			return
		}
		select {
		case <-time.After(knockAgain):
		case <-ctx.Done():
			return
		}
	}
}

// identify says who listens at address, also when that changes before ctx is done: a process that ends may still accept,
// or its system for it, and resets the connection a moment later.
func (w *watch) identify(ctx context.Context, id identity, address Address) verdict {
	for ctx.Err() == nil {
		found, err := w.node.transport.Identify(ctx, address.Addr, lookTimeout)
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

// where gives the address of a member that lives, or that is listed still although it fell silent.
func (w *watch) where(id identity) (Address, bool) {
	if address, known := w.node.push.address(id); known {
		return address, true
	}
	listed, _ := w.node.View().Snapshot().Member(id.name)
	return Address{Addr: listed.Address, Name: id.String()}, listed.Boot.ID == id.boot && listed.Address != ""
}

// ask waits for whoever is at address to say who it is, by datagram, or for what identify found.
func (w *watch) ask(ctx context.Context, id identity, address Address, identified <-chan verdict, late func()) verdict {
	answers := make(chan struct{}, 1) // more would say the same
	w.mu.Lock()
	w.waiting[answers] = id
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		delete(w.waiting, answers)
		w.mu.Unlock()
	}()
	question := note{from: w.node.id, subject: id, replyTo: w.node.Address()}.encode(kindProbe)
	again := time.NewTicker(askAgain)
	defer again.Stop()
	patience := time.NewTimer(tellAfter)
	defer patience.Stop()
	for {
		w.node.send(address, question)
		select {
		case <-answers:
			return alive
		case verdict := <-identified:
			return verdict
		case <-again.C:
		case <-patience.C:
			late()
			patience.Reset(tellAfter)
		case <-ctx.Done():
			return silent
		}
	}
}

// answered passes an answer on to the looks that wait for it. That the member answers itself is proof of life; what others
// say of it is none of anything, and who else is at its address shows when it is dialled.
func (w *watch) answered(answer note) {
	if answer.from != answer.subject {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for answers, id := range w.waiting {
		if id != answer.subject {
			continue
		}
		select {
		case answers <- struct{}{}:
		default:
		}
	}
}
