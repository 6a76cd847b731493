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

// Ready waits until the node has joined and knows its cluster. It has then exchanged what it knows with one member at least, and
// its view holds what that member listed; or it has no seed but itself. A seed that leads back to the node now and then, such as a
// virtual IP, is not itself. A member that the first one listed and that does not answer this node holds Ready up for about 5 s.
// Ready returns nil then, and at once ever after. A [*NameTakenError] reports that another living process has the node's name;
// the error of a ctx that ends first tells what the last attempt to join met, or what the view still lacks.
// The end of [Node.Context] ends Ready, too.
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
