package cluster

import (
	"slices"
	"sync/atomic"
	"time"
)

const (
	mostAccusers    = 4                      // of one member that are remembered
	accusedFor      = 3 * time.Second        // an accusation counts
	confirmPatience = 500 * time.Millisecond // with others, who look meanwhile
)

// accusers are those who said of a member that it is silent.
type accusers struct {
	by []identity
	at time.Time // when one did last
}

// accusedBy looks at a member that another finds silent.
func (w *watch) accusedBy(id, by identity) {
	if _, living := w.node.push.address(by); living && id != by && id != w.node.id {
		w.mu.Lock()
		if len(w.accused) >= mostSeen {
			clear(w.accused)
		}
		accused := w.accused[id]
		if time.Since(accused.at) > accusedFor {
			accused.by = nil
		}
		if len(accused.by) < mostAccusers && !slices.Contains(accused.by, by) {
			accused.by = append(slices.Clone(accused.by), by)
		}
		w.accused[id] = accusers{accused.by, time.Now()}
		w.mu.Unlock()
	}
	w.suspect(id, "accused by "+by.name, false)
}

// accusers gives those who have said lately that a member is silent.
func (w *watch) accusers(id identity) []identity {
	w.mu.Lock()
	defer w.mu.Unlock()
	if accused := w.accused[id]; time.Since(accused.at) <= accusedFor {
		return accused.by
	}
	return nil
}

// asOthersFind names one of them, for people.
func (w *watch) asOthersFind(id identity) string {
	if by := w.accusers(id); len(by) > 0 {
		return "; " + by[0].name + " finds the same"
	}
	return ""
}

// acquit forgets what others said of a member that answers.
func (w *watch) acquit(id identity) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.accused, id)
}

// accuse asks every other member to look for itself, until enough is set.
func (w *watch) accuse(id identity, enough *atomic.Bool) {
	w.node.spawn(func() {
		message := note{from: w.node.id, subject: id}.encode(kindAccuse)
		for range accusations {
			for peer, address := range w.node.push.living() {
				if peer != id && !enough.Load() {
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

// confirm tells those who accused a member that it is silent here, too.
func (w *watch) confirm(id identity) {
	message := note{from: w.node.id, subject: id}.encode(kindAccuse)
	for _, by := range w.accusers(id) {
		if address, living := w.node.push.address(by); living {
			w.node.send(address, message)
		}
	}
}

// confirmed waits until another has said that a member is silent.
func (w *watch) confirmed(id identity) bool {
	for began := time.Now(); time.Since(began) <= confirmPatience; {
		if len(w.accusers(id)) > 0 {
			return true
		}
		select {
		case <-time.After(askAgain):
		case <-w.node.ctx.Done():
			return false
		}
	}
	return false
}
