package endpoint

import (
	"context"

	"github.com/grapevine-go/grapevine/balancer"
)

// BalancerOption configures [NewBalancer].
type BalancerOption func(*Balancer)

// FailureIf sets which of an application's errors count as failures of the instance that answered with them, for its share
// of the calls and its ejection. By default all do, as one that fails fast must not look idle; name here what says nothing
// of an instance, such as "not found". Other errors are not asked about: a connection that broke, a request that was not
// sent and a call that ran out of time are failures, and a call that was cancelled is nobody's.
func FailureIf(failed func(error) bool) BalancerOption {
	return func(b *Balancer) { b.failureIf = failed }
}

// FailureIfResponse sets which responses without an error count as failures of the instance, for endpoints whose responses
// hold the error, as an endpoint.Failer of Go kit or a status does. The default is none. Such a call is not retried.
func FailureIfResponse(failed func(response any) bool) BalancerOption {
	return func(b *Balancer) { b.badResponse = failed }
}

// outcomeOf is what the picks should know of a call.
func (b *Balancer) outcomeOf(ctx context.Context, response any, err error) balancer.Outcome {
	switch {
	case err == nil && b.badResponse != nil && b.badResponse(response):
		return balancer.Failure
	case err == nil:
		return balancer.Success
	case Canceled(ctx):
		return balancer.Canceled
	case b.failureIf != nil && evidenceOf(ctx, err) == "" && !Unsent(err) && !b.failureIf(err):
		return balancer.Success // it was answered
	default:
		return balancer.Failure
	}
}
