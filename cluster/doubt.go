package cluster

import (
	"slices"
	"time"
)

const (
	firstRemind   = time.Second // between two probes of a member that answers although memberlist gave it up; doubles with each
	slowestRemind = 10 * time.Second
	doubtPatience = 4 * time.Second // since this node's own probe first found it silent: as long as a process may be paused
)

// declared is what memberlist says of a member that it gave up.
type declared int

const (
	undoubted declared = iota
	refuted            // it lives again, by gossip alone: an answer to a probe ends the verification
	doubted            // it is dead
	ended              // it gave a sign of life: the verification ends
)

// doubtful is a member that waits for a place.
type doubtful struct {
	id      identity
	address Address
}

// doubt verifies a death that memberlist declares, as it does on the word of a single peer, which may
// have been cut off or starved. Nobody is dropped on hearsay: while the member answers it stays, and
// hears that it was given up until it contradicts. Beyond a bound a member waits, and is suspected.
func (w *watch) doubt(id identity, address Address) {
	w.mu.Lock()
	_, under := w.doubted[id]
	w.doubted[id] = doubted
	waits := !under && w.proving >= mostDoubts
	switch {
	case waits:
		w.queued = append(w.queued, doubtful{id, address})
	case !under:
		w.proving++
	}
	w.mu.Unlock()
	switch {
	case waits:
		w.node.inbox.put(suspectEvent{id, "SWIM has given it up"})
	case !under:
		w.node.spawn(func() { w.dispelAll(doubtful{id, address}) })
	}
}

// dispelAll verifies one death, and then those that wait.
func (w *watch) dispelAll(one doubtful) {
	for ok := true; ok; one, ok = w.nextDoubt() {
		w.dispel(one.id, one.address)
	}
}

// nextDoubt returns the doubted member that has waited longest. If there is none, it frees the place.
func (w *watch) nextDoubt() (one doubtful, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.node.ctx.Err() == nil && len(w.queued) > 0 {
		one, w.queued = w.queued[0], w.queued[1:]
		if state := w.doubted[one.id]; state == doubted || state == refuted {
			return one, true
		}
		delete(w.doubted, one.id)
	}
	w.proving--
	return doubtful{}, false
}

// dispel probes until the member is not doubted any more, or found to be gone: on proof, or because it has not answered for as
// long as a process may be paused, whenever SWIM gave it up, on whosever word. Until then it is suspected, and called where
// nothing else is left.
func (w *watch) dispel(id identity, address Address) {
	var heard time.Time // until when it may have answered
	noted := false
	defer func() {
		if noted {
			w.clear(id)
		}
	}()
	for wait := firstRemind; w.stillDoubted(id); {
		found := blind
		if !w.node.solitude.cutOff() && (wait == slowestRemind || !w.node.strained()) { // SWIM's word is no reason to hurry
			found = w.lookWithin(w.doubts, w.verify, id, address, false, nil)
		}
		pause := firstRelook
		switch found {
		case alive:
			if w.clear(id) {
				w.node.inbox.put(metEvent{id})
			}
			if w.confirmAlive(id) {
				return
			}
			w.node.spawnIn(w.reminders, func() { w.node.push.introduce(id, address) })
			fallthrough
		case blind:
			heard, pause, wait = time.Now(), wait, min(2*wait, slowestRemind)
		case silent:
			noted = w.note(id) || noted
			w.node.inbox.put(suspectEvent{id, "SWIM has given it up, and it answers no probe"})
		}
		if found == dead || found == absent || found == silent && w.silentFor(id, heard) >= w.node.stretch(doubtPatience) {
			w.node.inbox.put(downEvent{id, found == dead, looked, "it did not answer after SWIM had given it up"})
			return
		}
		if !sleep(w.node.ctx, w.node.stretch(pause)) {
			return
		}
	}
}

func (w *watch) stillDoubted(id identity) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if state := w.doubted[id]; state == doubted || state == refuted {
		return true
	}
	delete(w.doubted, id)
	return false
}

// trust ends the verification of a member that has given a sign of life, and that memberlist takes for alive.
func (w *watch) trust(id identity) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.doubted[id] == undoubted {
		return
	}
	w.doubted[id] = ended
	waiting := slices.IndexFunc(w.queued, func(one doubtful) bool { return one.id == id })
	if waiting >= 0 {
		w.queued = slices.Delete(w.queued, waiting, waiting+1)
		delete(w.doubted, id)
	}
}

// refute records that memberlist takes a member for alive again, on the word of others alone.
func (w *watch) refute(id identity) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.doubted[id] == doubted {
		w.doubted[id] = refuted
	}
}

// confirmAlive ends the verification of a member that answers, if memberlist takes it for alive as well.
func (w *watch) confirmAlive(id identity) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.doubted[id] != refuted {
		return false
	}
	delete(w.doubted, id)
	return true
}

// condemn ends the verification of a member that was found to be gone, unless it gave a sign of life meanwhile.
func (w *watch) condemn(id identity) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	state := w.doubted[id]
	delete(w.doubted, id)
	return state == doubted || state == refuted
}
