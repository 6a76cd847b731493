package transport

import (
	"errors"
	"sync"
	"time"
)

// startPatience is how long a memberlist may run over a transport before Start.
const startPatience = 5 * time.Second

var errNotStarted = errors.New("transport: not started: call Start right after memberlist.Create, or before")

// adopted records that a memberlist is made over the transport, and that Start was called: without
// Start it would hear nothing, and never say so.
type adopted struct {
	mu       sync.Mutex
	is       bool // by a memberlist
	started  bool
	reminder *time.Timer
}

// by a memberlist is the transport from now on. remind is called unless Start is called soon.
func (a *adopted) by(remind func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.is = true; !a.started && a.reminder == nil {
		a.reminder = time.AfterFunc(startPatience, remind)
	}
}

// start records that Start was called, or that it is too late for it.
func (a *adopted) start() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.started = true; a.reminder != nil {
		a.reminder.Stop()
	}
}

func (a *adopted) isAdopted() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.is
}

// err returns errNotStarted if memberlist wants to send too early.
func (a *adopted) err() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.is && !a.started {
		return errNotStarted
	}
	return nil
}
