package cluster

import (
	"context"
	"errors"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/grapevine-go/grapevine/cluster/transport"
)

// knock finds out whether anybody is there, whatever becomes of the process: a system answers for one
// that is paused. While no control peer answers, nothing can come of it, and it pauses.
func (w *watch) knock(ctx context.Context, q *inquiry, address Address, found chan<- verdict) {
	for pause := knockTwice; ; pause = knockAgain {
		answered := q.system.Load()
		if !q.deaf.Load() {
			w.node.spawn(func() { offer(found, w.knockOnce(q, address)) })
		}
		if answered || !sleep(ctx, w.node.stretch(pause)) {
			return
		}
	}
}

func (w *watch) knockOnce(q *inquiry, address Address) verdict {
	err := q.dials.spend(func() error { return w.node.transport.Knock(address.Addr, dialTimeout) })
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

// identifyAgain is how long after a connection broke it is dialled again. A process that ends may still accept, or its system
// for it, and resets the connection a moment later.
var identifyAgain = [...]time.Duration{20 * time.Millisecond, 200 * time.Millisecond}

// identify finds out who listens at address. A dial that took all its time is not followed by another.
func (w *watch) identify(ctx context.Context, q *inquiry, address Address) verdict {
	for attempt := 0; ; attempt++ {
		found, err := w.identifyOnce(ctx, q, address)
		var refused *transport.RefusedError
		switch {
		case err == nil && found == q.id.String():
			return alive
		case err == nil, errors.Is(err, syscall.ECONNREFUSED):
			return dead
		case errors.As(err, &refused) && refused.Reason == transport.ReasonCluster:
			return dead
		case attempt == len(identifyAgain), errors.Is(err, os.ErrDeadlineExceeded):
			return silent
		}
		if !sleep(ctx, w.node.stretch(identifyAgain[attempt])) {
			return silent
		}
	}
}

func (w *watch) identifyOnce(ctx context.Context, q *inquiry, address Address) (found string, err error) {
	err = q.dials.spend(func() (err error) {
		found, err = w.node.transport.Identify(ctx, address.Addr, dialTimeout)
		return err
	})
	return found, err
}
