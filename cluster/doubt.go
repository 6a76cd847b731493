package cluster

import "time"

const (
	firstRemind   = time.Second // between two looks at a member that answers although memberlist gave it up; doubles with each
	slowestRemind = 10 * time.Second
	doubtPatience = 4 * time.Second // since this node's own look first found it silent: as long as a process may be paused
)

// doubt looks at a member that memberlist gave up, as it does on the word of a single peer, who may have been cut off or
// starved. Nobody is dropped on hearsay: while it answers it stays, and hears that it was given up until it contradicts.
// doubt gives false when too many are doubted already.
func (w *watch) doubt(id identity, address Address) bool {
	w.mu.Lock()
	_, under := w.doubted[id]
	if !under && len(w.doubted) >= mostDoubts {
		w.mu.Unlock()
		return false
	}
	w.doubted[id] = true
	w.mu.Unlock()
	if !under {
		w.node.spawn(func() { w.dispel(id, address) })
	}
	return true
}

// dispel looks until the member is not doubted any more, or found to be gone: on proof, or because it has not answered for as
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
			found = w.lookWithin(w.doubts, id, address, false, nil)
		}
		pause := firstRelook
		switch found {
		case alive:
			w.node.push.introduce(id, address)
			w.clear(id)
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
	if !w.doubted[id] {
		delete(w.doubted, id)
		return false
	}
	return true
}

// trust notes that a member was seen alive.
func (w *watch) trust(id identity) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.doubted[id] {
		w.doubted[id] = false
	}
}

// condemn ends the doubt about a member that was found to be gone, unless it was seen alive meanwhile.
func (w *watch) condemn(id identity) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	gone := w.doubted[id]
	delete(w.doubted, id)
	return gone
}
