package endpoint

import (
	"context"
	"errors"
	"io"
	"net"
	"syscall"

	"github.com/grapevine-go/grapevine/membership"
)

// evidenceOf tells the failures of a connection from those of the application, which say nothing
// about whether its process lives. An end of file may be either; it costs no more than a probe.
// It returns "" for a call that its caller cancelled.
func evidenceOf(ctx context.Context, err error) membership.Evidence {
	var network net.Error
	var op *net.OpError // closed by net/http, as the other side had
	switch {
	case err == nil:
		return membership.Fine
	case Canceled(ctx):
		return ""
	case errors.Is(err, syscall.ECONNREFUSED):
		return membership.Refused
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF),
		errors.As(err, &op) && errors.Is(op, net.ErrClosed):
		return membership.Reset
	case errors.Is(err, context.DeadlineExceeded), errors.Is(context.Cause(ctx), errTryTimeout),
		ctx.Err() != nil && errors.Is(err, context.Cause(ctx)), // net/http returns the cause of a deadline
		errors.As(err, &network) && network.Timeout():
		return membership.TimedOut
	default:
		return ""
	}
}

// Canceled reports whether the caller of ctx gave the call up, as opposed to that its time is over, also that of [PerTryTimeout]. Then
// its error says nothing of who was called: a cancelled call breaks its own connection. It is for middleware that judges
// instances, as a circuit breaker does.
func Canceled(ctx context.Context) bool {
	return errors.Is(ctx.Err(), context.Canceled) && !errors.Is(context.Cause(ctx), errTryTimeout)
}

// Unsent reports whether err says that a request cannot have reached any server: the dial failed. Such a request may be
// sent again whatever it does. Of a [*RetryError] it must be true of every attempt. Any error may decide for itself, by a method
// Unsent() bool; see [NotSent].
func Unsent(err error) bool {
	var itself interface{ Unsent() bool }
	if errors.As(err, &itself) {
		return itself.Unsent()
	}
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial" || errors.Is(err, syscall.ECONNREFUSED) ||
		errors.Is(err, errRetired) || errors.Is(err, ErrNoEndpoints)
}
