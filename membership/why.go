package membership

import "time"

// Standing is what this process makes of a member.
type Standing string

// The standings. Only who is present gets calls while another is left.
const (
	StandingPresent   Standing = "present"
	StandingSuspected Standing = "suspected" // it does not answer at present
	StandingHeld      Standing = "held back" // it is back after it was lost too often, and has yet to stay
	StandingKept      Standing = "kept"      // it fell silent, but together with too many others, or when this process was cut off
	StandingGone      Standing = "gone"
	StandingUnmet     Standing = "unmet" // peers report it alive; it has said nothing itself, or its record has not come
	StandingLeft      Standing = "left"
)

// Account says what this process makes of a member, since when, and why.
type Account struct {
	Name     string
	Boot     Boot // the newest that is known
	Standing Standing
	Since    time.Time
	Evidence string // for people: "its port refuses connections", "it said goodbye"
}

// reason is the last thing that changed what is made of a member.
type reason struct {
	evidence string
	since    time.Time
	passing  bool // the next sign of life replaces it
}

func (r *reason) set(evidence string) { *r = reason{evidence: evidence, since: time.Now()} }

const (
	saidGoodbye  = "it said goodbye"
	saidItDrains = "it said that it drains"
	reportedGone = "others report it gone"
)

// learned is for a boot that was not known before. restarted reports whether an older one was.
func (e *entry) learned(restarted bool) {
	at := e.alive.at(e.record.Boot.ID)
	switch {
	case e.record.State == Left:
		e.why.set(saidGoodbye)
	case at >= 0 && e.record.State == Draining:
		e.why.set(saidItDrains)
	case at >= 0:
		e.why.set(e.alive[at].evidence)
	case e.buried:
		e.why = reason{evidence: reportedGone, since: e.gone}
	case restarted:
		e.why.set("a newer boot of it was heard of")
	default:
		e.why.set("others say that it lives")
	}
}

// said is for a new state that a member reports of itself. Draining does not explain why a member fails to answer.
func (e *entry) said() {
	switch {
	case e.record.State == Left:
		e.why.set(saidGoodbye)
	case e.record.State == Draining && e.lives() && !e.suspect:
		e.why.set(saidItDrains)
	}
}

// bury records that a boot is reported gone that was never seen alive here.
func (e *entry) bury(evidence string) {
	if e.heard && !e.lives() && e.address == "" && e.record.State != Left && !e.buried {
		e.buried = true
		e.why.set(evidence)
	}
}

// Why says what is made of the member of that name, and on what evidence; nothing of one that was never heard of, or has been
// forgotten.
func (v *View) Why(name string) (Account, bool) {
	if explain := v.explain.Load(); explain != nil {
		return (*explain)(name)
	}
	return Account{}, false
}

func (s *Store) why(name string) (Account, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.entries[name]
	if e == nil || !e.heard {
		return Account{}, false
	}
	a := Account{name, e.record.Boot, e.standing(name == s.self), e.why.since, e.why.evidence}
	switch {
	case name == s.self:
		a.Evidence = ofItself[e.record.State]
	case a.Standing == StandingHeld:
		a.Evidence += "; it is held back, as it was lost repeatedly"
	case a.Standing == StandingUnmet && e.lives():
		a.Evidence = "it answers, and its record has not come"
	}
	return a, true
}

// ofItself is the evidence on this process itself.
var ofItself = [...]string{
	Active: "it is this process", Draining: "this process drains", Left: "this process said goodbye",
}

func (e *entry) standing(self bool) Standing {
	alive := e.lives() || self
	switch {
	case e.record.State == Left:
		return StandingLeft
	case !alive && (e.kept || e.spared):
		return StandingKept
	case !alive && e.address == "" && !e.buried, alive && !e.whole():
		return StandingUnmet
	case !alive:
		return StandingGone
	case !e.held.IsZero():
		return StandingHeld
	case e.suspect:
		return StandingSuspected
	}
	return StandingPresent
}
