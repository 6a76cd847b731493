package membership

import "sync/atomic"

// View is what this process knows of the others, always the latest. It is read without locks.
type View struct {
	self    string
	latest  atomic.Pointer[Snapshot]
	report  atomic.Pointer[func(Instance, Evidence)]
	explain atomic.Pointer[func(string) (Account, bool)]
	probe   atomic.Pointer[func(Instance, chan<- ProbeAnswer) (uint64, error)]

	watchers watchers
}

func newView(self string) *View {
	v := &View{self: self}
	v.latest.Store(&Snapshot{version: 1, services: make(map[string]offer), changed: make(chan struct{})})
	return v
}

// Self is the name of the member whose view this is. Its own record may not be among the members yet.
func (v *View) Self() string { return v.self }

// Snapshot gives the latest state. It never blocks and never returns nil.
func (v *View) Snapshot() *Snapshot { return v.latest.Load() }

// publish makes next the latest and wakes the watchers. Only one goroutine may publish at a time.
func (v *View) publish(next *Snapshot) { close(v.latest.Swap(next).changed) }

// Evidence is what a call learned about the instance that it was sent to.
type Evidence string

// What a call can learn. None of them removes an instance: all but Fine make the node look for itself, at once.
const (
	Fine     Evidence = "it answered a call" // which ends a suspicion
	Refused  Evidence = "connection refused" // nobody listens there
	Reset    Evidence = "connection reset"   // whoever listened went away
	TimedOut Evidence = "timed out"
)

// Report tells the node behind the view what a call learned about instance. It returns at once; without a node behind
// the view it does nothing.
func (v *View) Report(instance Instance, evidence Evidence) {
	if report := v.report.Load(); report != nil {
		(*report)(instance, evidence)
	}
}
