package endpoint

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"net"
	"net/url"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/membership"
)

// verdict is the judgement on a call that has ended. docs/calls.md has a table of all of them.
type verdict struct {
	outcome  balancer.Outcome
	evidence membership.Evidence // "" for none
	word     bool                // the error is the application's own word: FailureIf decides
	unsent   bool                // nothing can have reached the instance
	final    bool                // no other instance would do better
}

// verdictOf judges how a call within ctx has ended. Blame needs evidence that the instance had a
// part in it.
func (x *exchange) verdictOf(ctx context.Context, err error) verdict {
	if err == nil {
		return verdict{outcome: balancer.Success, evidence: membership.Fine}
	}
	unsent := Unsent(err) || x.asked.Load() && !x.connected.Load()
	canceled, late := x.canceled(ctx)
	switch evidence := evidenceOf(ctx, err); {
	case x.isCallers(ctx, err, evidence):
		return verdict{outcome: balancer.Canceled, final: true}
	case Canceled(ctx):
		return verdict{outcome: balancer.Canceled}
	case x.isAnswer(ctx, err):
		return x.verdictOfAnswer(ctx, err)
	case evidence == membership.TimedOut && x.hurried(ctx), canceled && late && x.hurried(ctx):
		return verdict{outcome: balancer.Canceled, final: true}
	case canceled && late:
		return verdict{outcome: balancer.Failure, evidence: membership.TimedOut, final: true}
	case canceled:
		return verdict{outcome: balancer.Canceled, final: true}
	case evidence != "":
		return verdict{outcome: balancer.Failure, evidence: evidence, unsent: unsent}
	case x.idle.Load() && !x.answered.Load() && !x.streams.Load(): // net/http has no type for it
		return verdict{outcome: balancer.Canceled} // the server had closed a connection that was idle
	default:
		return verdict{outcome: balancer.Failure, word: !unsent, unsent: unsent}
	}
}

// isAnswer reports whether err is what an instance answered, other than that it failed.
func (x *exchange) isAnswer(ctx context.Context, err error) bool {
	problem, kind := find(err)
	if !errors.Is(err, kind) { // it is only like one, by its status: RetryIf and FailureIf decide
		return false
	}
	switch kind {
	case ErrInvalid, ErrUnauthorized, ErrForbidden, ErrNotFound, ErrConflict:
		return true
	case context.DeadlineExceeded, context.Canceled: // of the instance, not of ctx
		return problem != nil && (x.answered.Load() || ctx.Err() == nil)
	default:
		return false
	}
}

// verdictOfAnswer judges an error that isAnswer accepts.
func (x *exchange) verdictOfAnswer(ctx context.Context, err error) verdict {
	v := verdict{outcome: balancer.Success, final: true}
	if x.answered.Load() {
		v.evidence = membership.Fine
	}
	switch _, kind := find(err); {
	case kind == context.Canceled, kind == context.DeadlineExceeded && x.hurried(ctx):
		v.outcome = balancer.Canceled
	case kind == context.DeadlineExceeded:
		v.outcome, v.word, v.final = balancer.Failure, true, false
	}
	return v
}

// isCallers reports whether err is the caller's own fault.
func (x *exchange) isCallers(ctx context.Context, err error, evidence membership.Evidence) bool {
	var byClient *url.Error
	switch unwritten := x.unwritten.Load(); {
	case isMarked(err), x.byCaller.Load():
		return true
	case x.reading.Load() > 0 && ctx.Err() != nil: // it did not send all in its own time
		return true
	case unwritten != nil && !x.streams.Load() && !isOfConnection(err) && contains(err, *unwritten):
		return true // its body could not be read, or was not as long as it said
	default: // net/http refused it, or code of the caller before net/http did
		return !x.asked.Load() && evidence == "" && !Unsent(err) && (x.request != nil || errors.As(err, &byClient))
	}
}

// isOfConnection tells why a connection could not be written to from why a body could not be
// read, which package net wraps as well where it copies from one to the other.
func isOfConnection(err error) bool {
	var op *net.OpError
	switch {
	case !errors.As(err, &op):
		return errors.Is(err, net.ErrClosed) || errors.Is(err, io.ErrClosedPipe)
	case op.Op == "readfrom":
		return isOfConnection(op.Err)
	default:
		return op.Op != "read"
	}
}

// contains reports whether an error in the chain of err reads as part does: net/http wraps errors
// of bodies in a type of its own.
func contains(err, part error) bool {
	for text := part.Error(); err != nil; err = errors.Unwrap(err) {
		if err.Error() == text {
			return true
		}
	}
	return false
}

// CallerError marks err as the caller's own fault, as of a request that cannot be encoded: the
// instance is not blamed for it, and [Retry] tries no other. It is for the endpoints that a
// [Factory] makes, and for middleware. Errors of encoding/json and encoding/xml about a value
// that cannot be encoded count without it, and so do requests that net/http refuses to send. Any
// error may decide for itself, by a method CallerFault() bool. CallerError(nil) is nil.
func CallerError(err error) error {
	if err == nil {
		return nil
	}
	return &callerError{err}
}

type callerError struct{ error }

func (e *callerError) Unwrap() error     { return e.error }
func (e *callerError) CallerFault() bool { return true }

// isMarked reports whether err itself says that it is the caller's fault.
func isMarked(err error) bool {
	var itself interface{ CallerFault() bool }
	if errors.As(err, &itself) {
		return itself.CallerFault()
	}
	var (
		jsonType   *json.UnsupportedTypeError
		jsonValue  *json.UnsupportedValueError
		jsonMethod *json.MarshalerError
		xmlType    *xml.UnsupportedTypeError
	)
	return errors.As(err, &jsonType) || errors.As(err, &jsonValue) || errors.As(err, &jsonMethod) ||
		errors.As(err, &xmlType)
}

// Blameless reports whether err, the error of a call within ctx, is no evidence against the
// instance: the caller gave the call up, see [Canceled], or is at fault itself, see [CallerError],
// or the instance answered that something is wrong with the request, such as [ErrNotFound]. It is
// for middleware that judges instances, such as a circuit breaker. It is false for nil, as the
// instance has answered.
func Blameless(ctx context.Context, err error) bool {
	return err != nil && exchangeOf(ctx).verdictOf(ctx, err).outcome != balancer.Failure
}
