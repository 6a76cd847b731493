package endpoint

import (
	"github.com/grapevine-go/grapevine/balancer"
)

// BalancerOption configures [NewBalancer].
type BalancerOption func(*Balancer)

// FailureIf sets which of an application's errors count as failures of the instance that answered
// with them, for its share of the calls and its ejection. By default and with nil all do, as an
// instance that fails fast must not look idle. Return false for errors that are no evidence
// against an instance. The function is not asked about other errors: a connection that broke, a
// refused dial and a call that ran out of time are failures of the instance; a call that was
// cancelled, the caller's own mistakes, see [CallerError], and answers about the request, such as
// [ErrNotFound], are not.
func FailureIf(failed func(error) bool) BalancerOption {
	return func(b *Balancer) { b.failureIf = failed }
}

// FailureIfResponse sets which responses without an error count as failures of the instance, for
// endpoints whose responses hold the error, as an endpoint.Failer of Go kit or a status does. The
// default, and nil, is none. Such a call is not retried.
func FailureIfResponse(failed func(response any) bool) BalancerOption {
	return func(b *Balancer) { b.badResponse = failed }
}

// outcomeOf is what the picks should know of a call.
func (b *Balancer) outcomeOf(response any, ending ending) balancer.Outcome {
	switch {
	case ending.err == nil && b.badResponse != nil && b.badResponse(response):
		return balancer.Failure
	case ending.verdict.word && b.failureIf != nil && !b.failureIf(ending.err):
		return balancer.Success // it was answered
	default:
		return ending.verdict.outcome
	}
}
