package endpoint

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"

	"github.com/go-kit/kit/ratelimit"
)

// The kinds of errors that a service answers with, the same for HTTP and gRPC. Test for them with
// errors.Is, on both sides of a call: the encoders keep them, and the decoders restore them. The
// errors of contexts are kinds, too: context.DeadlineExceeded and context.Canceled.
//
// [Retry] takes the first five for the answer of a healthy instance: it tries no other instance,
// and the balancer counts a success. The others count against the instance, and are retried as
// [RetryIf] decides. docs/calls.md has the table.
var (
	ErrInvalid      = errors.New("invalid")      // the request breaks a rule: 400, InvalidArgument
	ErrUnauthorized = errors.New("unauthorized") // without credentials, or with bad ones: 401, Unauthenticated
	ErrForbidden    = errors.New("forbidden")    // credentials that do not suffice: 403, PermissionDenied
	ErrNotFound     = errors.New("not found")    // 404, NotFound
	ErrConflict     = errors.New("conflict")     // with the state of what is asked for: 409, Aborted
	ErrExhausted    = errors.New("exhausted")    // a limit of the caller or the instance: 429, ResourceExhausted
	ErrUnavailable  = errors.New("unavailable")  // for now: 503, Unavailable
	ErrInternal     = errors.New("internal")     // everything else: 500, Internal
)

// statuses are those of google.rpc.Code's mapping to HTTP; 499 is nginx's.
var statuses = map[error]int{
	ErrInvalid:               http.StatusBadRequest,
	ErrUnauthorized:          http.StatusUnauthorized,
	ErrForbidden:             http.StatusForbidden,
	ErrNotFound:              http.StatusNotFound,
	ErrConflict:              http.StatusConflict,
	ErrExhausted:             http.StatusTooManyRequests,
	ErrUnavailable:           http.StatusServiceUnavailable,
	ErrInternal:              http.StatusInternalServerError,
	context.DeadlineExceeded: http.StatusGatewayTimeout,
	context.Canceled:         statusCanceled,
}

const statusCanceled = 499 // "client closed request"

// kindOfStatus returns the kind of an error that came with this status, of any server.
func kindOfStatus(status int) error {
	switch status {
	case http.StatusUnauthorized, http.StatusProxyAuthRequired:
		return ErrUnauthorized
	case http.StatusForbidden, http.StatusUnavailableForLegalReasons:
		return ErrForbidden
	case http.StatusNotFound, http.StatusGone:
		return ErrNotFound
	case http.StatusConflict, http.StatusPreconditionFailed, http.StatusLocked:
		return ErrConflict
	case http.StatusTooManyRequests:
		return ErrExhausted
	case http.StatusRequestTimeout, http.StatusGatewayTimeout:
		return context.DeadlineExceeded
	case http.StatusTooEarly, http.StatusBadGateway, http.StatusServiceUnavailable:
		return ErrUnavailable
	case statusCanceled:
		return context.Canceled
	}
	if status >= 400 && status < 500 {
		return ErrInvalid
	}
	return ErrInternal
}

// KindOf returns the kind of err: one of the kinds above, context.DeadlineExceeded or
// context.Canceled; nil for nil. The first that a walk down the chain of err meets counts. Besides
// the kinds it knows Go kit's ratelimit.ErrLimited (exhausted), http.MaxBytesError (invalid), an
// error with a method StatusCode like that of kithttp.StatusCoder, and the errors of calls to other
// services: an instance that cannot be reached is [ErrUnavailable], a time-out
// context.DeadlineExceeded. All else is [ErrInternal].
func KindOf(err error) error {
	if err == nil {
		return nil
	}
	if _, kind := find(err); kind != nil {
		return kind
	}
	var network net.Error
	var parse *url.Error
	switch {
	case errors.As(err, &parse) && parse.Op == "parse": // text that is no URL, a net.Error as well
		return ErrInternal
	case errors.As(err, &network) && network.Timeout():
		return context.DeadlineExceeded
	case Unsent(err), errors.As(err, &network):
		return ErrUnavailable
	default:
		return ErrInternal
	}
}

// find walks down the chain of err, in the order of errors.Is, to the first error that has a kind. The
// problem is nil where that is no more than a kind.
func find(err error) (problem *Problem, kind error) {
	switch known := err.(type) {
	case nil:
		return nil, nil
	case *Problem:
		return known, known.kind()
	case *http.MaxBytesError:
		return &Problem{Kind: ErrInvalid, Status: http.StatusRequestEntityTooLarge,
			Detail: fmt.Sprintf("the body is larger than %d bytes", known.Limit)}, ErrInvalid
	}
	if isKind(err) {
		return nil, err
	}
	if err == ratelimit.ErrLimited {
		return nil, ErrExhausted
	}
	switch wraps := err.(type) {
	case interface{ Unwrap() error }:
		problem, kind = find(wraps.Unwrap())
	case interface{ Unwrap() []error }:
		for _, inner := range wraps.Unwrap() {
			if problem, kind = find(inner); kind != nil {
				break
			}
		}
	}
	if known, ok := err.(interface{ StatusCode() int }); ok && kind == nil && known.StatusCode() >= 400 {
		kind = kindOfStatus(known.StatusCode()) // and 0 is that of no response
		problem = &Problem{Kind: kind, Status: known.StatusCode()}
	}
	return problem, kind
}

// isKind compares, as an error of the caller's may be of a type that is no key for a map.
func isKind(err error) bool {
	for kind := range statuses {
		if err == kind {
			return true
		}
	}
	return false
}
