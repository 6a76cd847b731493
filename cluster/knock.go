package cluster

import (
	"context"
	"errors"
	"net"
	"syscall"

	"github.com/grapevine-go/grapevine/cluster/transport"
)

// knock finds out whether anybody is there, whatever becomes of the process: a system answers for one that is paused.
func (w *watch) knock(ctx context.Context, q *inquiry, address Address, found chan<- verdict) {
	for pause := knockTwice; ; pause = knockAgain {
		answered := q.system.Load()
		w.node.spawn(func() { offer(found, w.knockOnce(q, address)) })
		if !sleep(ctx, pause) {
			return
		}
		switch {
		case answered:
			return
		case q.deaf.Load():
			q.system.Store(true) // nothing can come of it
			return
		}
	}
}

func (w *watch) knockOnce(q *inquiry, address Address) verdict {
	err := w.node.transport.Knock(address.Addr, dialTimeout)
	var timeout net.Error
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return dead
	case errors.Is(err, syscall.EHOSTUNREACH), errors.As(err, &timeout) && timeout.Timeout():
	default:
		q.system.Store(true)
	}
	return silent
}

// identify says who listens at address, also when that changes before ctx is done: a process that ends may still accept,
// or its system for it, and resets the connection a moment later.
func (w *watch) identify(ctx context.Context, id identity, address Address) verdict {
	for ctx.Err() == nil {
		found, err := w.node.transport.Identify(ctx, address.Addr, dialTimeout)
		var refused *transport.RefusedError
		switch {
		case err == nil && found == id.String():
			return alive
		case err == nil, errors.Is(err, syscall.ECONNREFUSED):
			return dead
		case errors.As(err, &refused) && refused.Reason == transport.ReasonCluster:
			return dead
		}
		sleep(ctx, dialAgain)
	}
	return silent
}
