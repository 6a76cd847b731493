package membership

import "errors"

// ErrNoProbes is returned by [View.Probe] where no node is behind the view, or none that runs.
var ErrNoProbes = errors.New("membership: there is no node behind the view that could send a probe")

// ProbeAnswer is what the process behind an instance answered to a probe.
type ProbeAnswer struct {
	ID       uint64 // of the probe
	InFlight int64  // requests that the service is serving, whoever sent them; never negative
	Known    bool   // false where the process answers but does not count them
}

// Probe asks the process behind instance, by a datagram to its member, for its requests in flight. It returns at once; an answer
// that comes within two seconds is sent to answers, or lost if that has no room. When to give up, and how often to ask, is
// the caller's to decide: a lost datagram is not sent again, and a member of an older release does not answer. The errors
// are [ErrNoProbes], which does not change, and others for an instance that is not known to live any more.
func (v *View) Probe(instance Instance, answers chan<- ProbeAnswer) (id uint64, err error) {
	probe := v.probe.Load()
	if probe == nil {
		return 0, ErrNoProbes
	}
	return (*probe)(instance, answers)
}

// OnProbe sets what [View.Probe] calls. The function must return at once; it may be called by many goroutines.
func (s *Store) OnProbe(probe func(Instance, chan<- ProbeAnswer) (uint64, error)) {
	s.view.probe.Store(&probe)
}
