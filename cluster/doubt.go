package cluster

import "time"

const (
	firstRemind   = time.Second // between two looks at a member that answers although memberlist gave it up; doubles with each
	slowestRemind = 10 * time.Second
	doubtPatience = 2500 * time.Millisecond // beyond the first look: SWIM gave up after some seconds, on whosever word
	blindPatience = 6 * time.Second         // where this node did not hear anybody lately: then SWIM's verdict may rest on that
	blindFor      = 20 * time.Second
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
// long as a process may be paused. Until then it is suspected, and called where nothing else is left.
func (w *watch) dispel(id identity, address Address) {
	heard := time.Now()
	for wait := firstRemind; w.stillDoubted(id); {
		found := blind
		if !w.node.solitude.cutOff() {
			found = w.lookWithin(w.doubts, id, address, nil)
		}
		pause := firstRelook
		switch {
		case found == alive:
			w.node.push.introduce(address)
			heard, pause, wait = time.Now(), wait, min(2*wait, slowestRemind)
		case found == blind:
			heard, pause, wait = time.Now(), wait, min(2*wait, slowestRemind) // it may have answered
		case found == dead || found == absent || time.Since(heard) >= w.patience():
			w.node.inbox.put(downEvent{id, found == dead, looked, "it did not answer after SWIM had given it up"})
			return
		default:
			w.node.inbox.put(suspectEvent{id, "SWIM has given it up, and it does not answer"})
		}
		select {
		case <-time.After(pause):
		case <-w.node.ctx.Done():
			return
		}
	}
}

// patience is for how long one that SWIM gave up may be silent although its system, or another member, answers.
func (w *watch) patience() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	if time.Since(w.blind) < blindFor {
		return blindPatience
	}
	return doubtPatience
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
