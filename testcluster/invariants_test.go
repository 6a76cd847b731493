package testcluster

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/grapevine-go/grapevine/membership"
)

// quiet is how long after the last disturbance nobody who runs may be removed any more: memberlist, when it has heard a
// suspicion at the last moment, may still act on it for a while.
const quiet = time.Minute

// invariants holds the views against what must never happen.
type invariants struct {
	c        *chaos
	whole    bool      // the network is undisturbed
	wholeAt  time.Time // since when
	views    map[*Member]*seen
	goodbyes map[membership.Boot]bool // members whose drain all others confirmed
	wrong    string                   // the first violation
}

// seen is what one member's view has shown before.
type seen struct {
	last  *membership.Snapshot
	boots map[string]membership.Boot // the newest of each name
	state map[membership.Boot]membership.State
}

func newInvariants(c *chaos) *invariants {
	return &invariants{c: c, whole: true, wholeAt: time.Now(), views: make(map[*Member]*seen), goodbyes: make(map[membership.Boot]bool)}
}

func (v *invariants) fail(format string, args ...any) {
	if v.wrong == "" {
		v.wrong = fmt.Sprintf(format, args...)
		v.c.note("WRONG: %s", v.wrong)
	}
}

// disturbed and undisturbed note the state of the network.
func (v *invariants) disturbed()   { v.whole = false }
func (v *invariants) undisturbed() { v.whole, v.wholeAt = true, time.Now() }

// quietly says whether the network has been whole for long.
func (v *invariants) quietly() bool { return v.whole && time.Since(v.wholeAt) > quiet }

// drained notes a drain that succeeded: from now on nobody may list the member as active.
func (v *invariants) drained(m *Member, err error) {
	if err != nil {
		return
	}
	self, _ := m.View().Snapshot().Member(m.Name())
	v.goodbyes[self.Boot] = true
	v.look()
}

// look checks every view once.
func (v *invariants) look() {
	for _, m := range v.c.Members {
		if v.views[m] == nil {
			v.views[m] = &seen{boots: make(map[string]membership.Boot), state: make(map[membership.Boot]membership.State)}
		}
		v.check(m, v.views[m], m.View().Snapshot())
	}
	running := v.c.Members
	maps.DeleteFunc(v.views, func(m *Member, _ *seen) bool { return !slices.Contains(running, m) })
}

func (v *invariants) check(m *Member, before *seen, now *membership.Snapshot) {
	if last := before.last; last != nil && last != now {
		if now.Version() <= last.Version() {
			v.fail("the view of %s went from version %d to %d", m.Name(), last.Version(), now.Version())
		}
		alone := len(now.Members()) == 1 // a service that vanishes while another member is left is TestFault25_MassFailure
		if others(last, m) > 0 && others(now, m) == 0 && alone && now.Err() == nil && !v.saidGoodbye(last, m) {
			v.fail("the view of %s lost every other instance without a goodbye; it held %s", m.Name(), listing(last))
		}
	}
	if before.last != now {
		v.c.history.note(time.Since(v.c.began), m.Name(), now)
	}
	before.last = now
	for _, listed := range now.Members() {
		v.checkMember(m, before, listed)
	}
	if v.quietly() {
		v.checkNobodyMissing(m, now)
	}
}

func (v *invariants) checkMember(m *Member, before *seen, listed membership.Member) {
	if newest := before.boots[listed.Name]; listed.Boot.Compare(newest) < 0 {
		v.fail("the view of %s went back from boot %v of %s to %v", m.Name(), newest, listed.Name, listed.Boot)
	}
	before.boots[listed.Name] = listed.Boot
	if listed.State < before.state[listed.Boot] {
		v.fail("in the view of %s, %s went back from %v to %v", m.Name(), listed.Name, before.state[listed.Boot], listed.State)
	}
	before.state[listed.Boot] = listed.State
	if v.goodbyes[listed.Boot] && listed.State == membership.Active && v.quietly() {
		v.fail("%s still takes %s for active, which has drained", m.Name(), listed.Name)
	}
}

// checkNobodyMissing expects of a network that has been whole for long that whoever runs is listed, a moment after its
// start.
func (v *invariants) checkNobodyMissing(m *Member, now *membership.Snapshot) {
	for _, other := range v.c.Members {
		if _, listed := now.Member(other.Name()); listed {
			continue
		}
		if known := v.views[other]; known != nil && known.last != nil && v.views[m].boots[other.Name()] == bootOf(other) {
			v.fail("%s removed %s, which runs and can be reached", m.Name(), other.Name())
		}
	}
}

func bootOf(m *Member) membership.Boot {
	self, _ := m.View().Snapshot().Member(m.Name())
	return self.Boot
}

// others counts the instances of the service that everybody offers, the member's own apart.
func others(s *membership.Snapshot, m *Member) (n int) {
	for _, instance := range s.Instances("all") {
		if instance.Member != m.Name() {
			n++
		}
	}
	return n
}

// saidGoodbye says whether all others of a view have left in order, the last of them perhaps without its drain being heard of.
func (v *invariants) saidGoodbye(s *membership.Snapshot, m *Member) bool {
	for _, instance := range s.Instances("all") {
		why, _ := m.View().Why(instance.Member)
		if instance.Member != m.Name() && instance.State == membership.Active && why.Standing != membership.StandingLeft {
			return false
		}
	}
	return true
}
