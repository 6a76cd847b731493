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
	StandingUnmet     Standing = "unmet" // others say that it lives, and it has said nothing itself
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
}

func (r *reason) set(evidence string) { *r = reason{evidence, time.Now()} }

// renew is for a boot that was not known before.
func (r *reason) renew(restarted bool) {
	if restarted {
		r.set("a newer boot of it was heard of")
	} else {
		r.set("others say that it lives")
	}
}

// says is for what a member says of itself.
func (r *reason) says(state State) {
	switch state {
	case Draining:
		r.set("it said that it drains")
	case Left:
		r.set("it said goodbye")
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
	return Account{name, e.record.Boot, e.standing(name == s.self), e.why.since, e.why.evidence}, true
}

func (e *entry) standing(self bool) Standing {
	alive := e.lives() || self
	switch {
	case e.record.State == Left:
		return StandingLeft
	case !alive && (e.kept || e.spared):
		return StandingKept
	case !alive && e.address == "":
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
