package cluster

import (
	"slices"
	"sync/atomic"
	"time"
)

const (
	accusations     = 8                      // rounds of telling all, as datagrams are lost
	accuseAgain     = 50 * time.Millisecond  // between two rounds
	accuseAtOnce    = 32                     // are told, and before more are, others may be heard to tell them, too
	mostTellers     = 2                      // of one accusation; the others leave it to them
	mostAccusers    = 4                      // of one member that are remembered
	accusedFor      = 3 * time.Second        // an accusation counts
	confirmPatience = 500 * time.Millisecond // with others, who look meanwhile
)

// tellsAll is the version of an accusation whose sender tells everybody. That of one that only confirms another's is 0.
const tellsAll = 1

// accusers are those who said of a member that it is silent.
type accusers struct {
	by    []identity
	first []identity // those who tell everybody, and whose name comes before this node's
	at    time.Time  // when one did last
}

// accusedBy looks at a member that another finds silent.
func (w *watch) accusedBy(m note) {
	id, by := m.subject, m.from
	if _, living := w.node.push.address(by); living && id != by && id != w.node.id {
		w.mu.Lock()
		if len(w.accused) >= mostSeen {
			clear(w.accused)
		}
		accused := w.accused[id]
		if time.Since(accused.at) > accusedFor {
			accused = accusers{}
		}
		accused.by = withOneMore(accused.by, by, mostAccusers)
		if m.version == tellsAll && by.String() < w.node.id.String() {
			accused.first = withOneMore(accused.first, by, mostTellers)
		}
		accused.at = time.Now()
		w.accused[id] = accused
		w.mu.Unlock()
	}
	w.suspect(id, "accused by "+by.name, false)
}

// withOneMore is a copy with id in it, unless there are as many as there may be.
func withOneMore(ids []identity, id identity, most int) []identity {
	if len(ids) >= most || slices.Contains(ids, id) {
		return ids
	}
	return append(slices.Clone(ids), id)
}

// accusers gives those who have said lately that a member is silent.
func (w *watch) accusers(id identity) accusers {
	w.mu.Lock()
	defer w.mu.Unlock()
	if accused := w.accused[id]; time.Since(accused.at) <= accusedFor {
		return accused
	}
	return accusers{}
}

// asOthersFind names one of them, for people.
func (w *watch) asOthersFind(id identity) string {
	if by := w.accusers(id).by; len(by) > 0 {
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

// accuse asks every other member to look for itself, until enough is set, or two others tell all who come before this one: when
// a thousand find at once that one they call is gone, few of them tell the thousand.
func (w *watch) accuse(id identity, enough *atomic.Bool) {
	w.node.spawn(func() {
		message := note{from: w.node.id, subject: id, version: tellsAll}.encode(kindAccuse)
		for range accusations {
			if !w.tellAll(id, message, enough) || !sleep(w.node.ctx, accuseAgain) {
				return
			}
		}
	})
}

// tellAll is one round of accuse, and says whether there may be another.
func (w *watch) tellAll(id identity, message []byte, enough *atomic.Bool) bool {
	told := 0
	for peer, address := range w.node.push.living() {
		if peer == id {
			continue
		}
		if told > 0 && told%accuseAtOnce == 0 && !sleep(w.node.ctx, burstPause) {
			return false
		}
		if enough.Load() || len(w.accusers(id).first) >= mostTellers {
			return false
		}
		w.node.send(Address{Addr: address, Name: peer.String()}, message)
		told++
	}
	return true
}

// confirm tells those who accused a member that it is silent here, too.
func (w *watch) confirm(id identity) {
	message := note{from: w.node.id, subject: id}.encode(kindAccuse)
	for _, by := range w.accusers(id).by {
		if address, living := w.node.push.address(by); living {
			w.node.send(address, message)
		}
	}
}

// confirmed waits until another has said that a member is silent.
func (w *watch) confirmed(id identity) bool {
	for began := time.Now(); time.Since(began) <= confirmPatience; {
		if len(w.accusers(id).by) > 0 {
			return true
		}
		if !sleep(w.node.ctx, askAgain) {
			return false
		}
	}
	return false
}
