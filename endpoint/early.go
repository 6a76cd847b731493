package endpoint

import (
	"context"
	"time"
)

// firstInstances is how long the first calls wait for the instances to be made, which takes no
// time to speak of.
const firstInstances = time.Second

// early holds the clients that were there from the start. The first calls wait for them.
type early struct {
	clients []*client
	until   time.Time
}

func newEarly(clients []*client) *early { return &early{clients, time.Now().Add(firstInstances)} }

// awaitEarly waits until the factory has run for each instance that was there from the start.
func (e *Endpointer) awaitEarly(ctx context.Context) {
	early := e.early.Load()
	if early == nil {
		return
	}
	timer := time.NewTimer(time.Until(early.until))
	defer timer.Stop()
	defer func() {
		if ctx.Err() == nil {
			e.early.Store(nil)
		}
	}()
	for _, c := range early.clients {
		select {
		case <-c.tried:
		case <-timer.C:
			return
		case <-ctx.Done():
			return
		}
	}
}
