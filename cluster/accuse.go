package cluster

import (
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

const (
	accusations  = 8                     // rounds of telling everybody, as datagrams are lost
	accuseAgain  = 50 * time.Millisecond // between two rounds
	accuseAtOnce = 32                    // members that are told before a pause
	accusePause  = 4 * time.Millisecond  // in which others are heard who tell the same
	tellers      = 2                     // whose names come first tell everybody; the others leave it to them
	tellingFor   = 3 * accuseAgain       // after they were heard to

	mostAccusers    = 4                      // of one member that are remembered
	accusedFor      = 3 * time.Second        // an accusation counts
	confirmPatience = 500 * time.Millisecond // with others, who look meanwhile
)

// What the version of an accusation says; 0 that it only confirms another.
const (
	tellsAll   = 1 << iota // its sender tells everybody
	foundProof             // and found proof, rather than nothing
)

// accusers are the members that recently reported a member silent.
type accusers struct {
	by      []accuser
	telling []teller // those whose names come first
}

// accuser is one of these members, and the time of its last report.
type accuser struct {
	id identity
	at time.Time
}

func (a accuser) stale() bool { return time.Since(a.at) > accusedFor }

// teller is one who tells everybody, and whose name comes before this node's.
type teller struct {
	id identity
	at time.Time // when it was heard last
}

func (t teller) stale() bool { return time.Since(t.at) > tellingFor }

// accusedBy probes a member that another finds silent, if it ever spoke to this node. What a sender says
// that does not live here is ignored.
func (w *watch) accusedBy(m note) {
	if _, living := w.node.push.address(m.from); !living {
		return
	}
	if m.subject != m.from && m.subject != w.node.id {
		_, known := w.where(m.subject)
		w.noteAccuser(m.subject, m.from, m.version&tellsAll != 0, known)
	}
	if w.isAtStake(m.subject) {
		w.suspect(m.subject, suspicion{why: m.from.name + " suspects it", weak: m.version&foundProof == 0})
	}
}

// isAtStake reports whether a member lives here and spoke to this node, or is listed.
func (w *watch) isAtStake(id identity) bool {
	if known, living := w.node.push.known(id); living {
		return known.met || known.lost
	}
	_, listed := w.where(id)
	return listed
}

// noteAccuser records an accuser of a member that this node knows or accuses itself.
func (w *watch) noteAccuser(id, by identity, tells, known bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	accused := w.accused.Get(id)
	if accused == nil && known {
		accused = new(accusers)
	}
	if accused == nil {
		return
	}
	w.accused.Set(id, accused)
	accused.note(by)
	if tells && by.String() < w.node.id.String() {
		accused.hear(by)
	}
}

// note records an accuser. Where there are too many, the first ones count.
func (a *accusers) note(by identity) {
	a.by = slices.DeleteFunc(slices.Clone(a.by), func(one accuser) bool { return one.id == by || one.stale() })
	if len(a.by) < mostAccusers {
		a.by = append(a.by, accuser{by, time.Now()})
	}
}

// hear notes that one is telling, and keeps those of all who are whose names come first.
func (a *accusers) hear(by identity) {
	all := slices.DeleteFunc(a.telling, func(t teller) bool { return t.id == by || t.stale() })
	all = append(all, teller{by, time.Now()})
	slices.SortFunc(all, func(s, t teller) int { return strings.Compare(s.id.String(), t.id.String()) })
	a.telling = all[:min(len(all), tellers)]
}

// leaves reports whether this node leaves it to others to tell everybody of a member. The two whose
// names come first always tell.
func (w *watch) leaves(id identity) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	accused := w.accused.Get(id)
	return accused != nil && len(accused.telling) == tellers && !slices.ContainsFunc(accused.telling, teller.stale)
}

// accusers returns those that have said lately that a member is silent.
func (w *watch) accusers(id identity) (by []identity) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if accused := w.accused.Get(id); accused != nil {
		for _, one := range accused.by {
			if !one.stale() {
				by = append(by, one.id)
			}
		}
	}
	return by
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
	w.accused.Delete(id)
}

// accuse asks every other member to look for itself, until enough is set. When a thousand find at once that one they call is
// gone, each of them tells a few, and two the rest.
func (w *watch) accuse(id identity, found verdict, enough *atomic.Bool) {
	says := note{from: w.node.id, subject: id, version: tellsAll}
	if found == dead {
		says.version |= foundProof
	}
	message := says.encode(kindAccuse)
	w.expectAccusers(id)
	w.node.spawn(func() {
		for range accusations {
			w.tell(id, message, enough)
			if !sleep(w.node.ctx, accuseAgain) || enough.Load() {
				return
			}
		}
	})
}

// expectAccusers has accusers of a member recorded also once it is gone.
func (w *watch) expectAccusers(id identity) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.accused.Get(id) == nil {
		w.accused.Set(id, new(accusers))
	}
}

// tell is one round of telling everybody, or as many as are left when others are heard to.
func (w *watch) tell(id identity, message []byte, enough *atomic.Bool) {
	told := 0
	for peer, address := range w.node.push.contacted() {
		switch {
		case peer == id:
			continue
		case told > 0 && told%accuseAtOnce == 0 && !sleep(w.node.ctx, accusePause):
			return
		case enough.Load() || w.leaves(id):
			return
		}
		w.node.send(Address{Addr: address, Name: peer.String()}, message)
		told++
	}
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
		if !sleep(w.node.ctx, askAgain) {
			return false
		}
	}
	return false
}
