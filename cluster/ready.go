package cluster

import (
	"context"
	"fmt"
	"sync"
)

// readiness remembers why the last attempt to join failed, for whoever waits in Ready.
type readiness struct {
	mu  sync.Mutex
	err error
}

func (r *readiness) failed(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err = err
}

func (r *readiness) last() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

// Ready waits until the node has joined: it has exchanged what it knows with one member at least, or has no seed but
// itself to join. It returns nil then, and at once ever after. A [*NameTakenError] says that another living process has
// the node's name; the error of a ctx that ends first tells what the last attempt to join met.
func (n *Node) Ready(ctx context.Context) error {
	select {
	case <-n.name.settled:
	case <-n.ctx.Done():
	case <-ctx.Done():
	}
	switch { // in this order, as more than one may be true
	case n.ctx.Err() != nil:
		return wrap("ready", ErrClosed)
	case n.name.isSettled():
		return wrap("ready", n.name.failure())
	}
	if err := n.ready.last(); err != nil {
		return fmt.Errorf("cluster: ready: %w; the last attempt to join: %w", context.Cause(ctx), err)
	}
	return wrap("ready", context.Cause(ctx))
}
