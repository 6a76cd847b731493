package cluster

import (
	"cmp"
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

// Ready waits until the node has joined its cluster: it has met one member, and its view holds what
// that member listed. A node without seeds, or whose only seed is its own address, is ready at
// once. A virtual IP that sometimes leads back to the node is not its own address. Ready waits
// about 5 s for listed members that do not answer this node. Once it has returned nil, it does so
// at once.
//
// A [*NameTakenError] reports that another live process has the node's name. If ctx or
// [Node.Context] ends first, the error states what the last attempt to join met, or what the view
// still lacks. On a closed node Ready returns [ErrClosed].
func (n *Node) Ready(ctx context.Context) error {
	for _, done := range []<-chan struct{}{n.name.settled, n.catchUp.over} {
		select {
		case <-done:
		case <-n.told.Done():
		case <-ctx.Done():
		}
		switch { // in this order, as more than one may be true
		case n.ctx.Err() != nil:
			return wrap("ready", ErrClosed)
		case n.name.failure() != nil:
			return wrap("ready", n.name.failure())
		case !isDone(done):
			return n.notReady(ctx)
		}
	}
	return nil
}

func isDone(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}

// notReady is the error of a context that ended.
func (n *Node) notReady(ctx context.Context) error {
	cause := cmp.Or(context.Cause(n.told), context.Cause(ctx))
	if missing := n.catchUp.waiting(); missing != "" {
		return fmt.Errorf("cluster: ready: %w; %s", cause, missing)
	}
	if err := n.ready.last(); err != nil {
		return fmt.Errorf("cluster: ready: %w; the last attempt to join: %w", cause, err)
	}
	return wrap("ready", cause)
}
