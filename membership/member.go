package membership

import (
	"time"
)

// Member is a process of the cluster as this process knows it.
type Member struct {
	Name     string
	Boot     Boot
	Address  string // host:port of its gossip, where it was seen last; "" for this process itself
	Zone     string
	State    State
	Services []Service
	Metadata map[string]string
	Started  time.Time // see [Record]

	registered map[string]time.Time // see [Record]

	// Suspected is set while it does not answer, and while it is listed only because many others fell silent with it.
	Suspected bool
}

// Instance is one service of one member.
type Instance struct {
	Service
	Member string
	Boot   Boot
	Zone   string
	State  State

	// Started is when the service was registered, or when the member's process started where that is not known, by
	// the clock of the member, which may be wrong: see [Record].
	Started time.Time

	Suspected bool // see [Member]
}

// instanceAt returns the member's instance of one of its services.
func (m *Member) instanceAt(at int) Instance {
	started, ok := m.registered[m.Services[at].Name]
	if !ok {
		started = m.Started
	}
	return Instance{m.Services[at], m.Name, m.Boot, m.Zone, m.State, started, m.Suspected}
}
