// Package failsafeendpoint puts policies of github.com/failsafe-go/failsafe-go around Go kit endpoints, where a program has them
// already: package endpoint has retries, hedges, time-outs and ejection of its own. It is a module of its own, so that other
// programs do not require failsafe-go.
package failsafeendpoint

import (
	"context"

	"github.com/failsafe-go/failsafe-go"

	"github.com/grapevine-go/grapevine/endpoint"
)

// Middleware sends calls through the policies of executor; its own context is not used. A call
// that a policy holds back, such as a circuit breaker, a bulkhead or a rate limiter, fails with
// the error of that policy. [endpoint.Unsent] is true of this error, so [endpoint.Retry] tries
// another instance. With an executor for each instance, see [endpoint.PerInstance], the balancer
// learns to avoid instances that hold calls back. An executor around [endpoint.Retry] is for the
// whole service.
//
// A call that is no evidence against the instance, see [endpoint.Blameless], is a success for the
// policies, as they know only success and failure. The caller still gets its error.
// Policies that make contexts, those of time-outs and hedges, end them with the call: a streamed
// body is cut off. Those of package endpoint do not.
func Middleware(executor failsafe.Executor[any]) endpoint.Middleware {
	return func(next endpoint.Endpoint) endpoint.Endpoint {
		return func(ctx context.Context, request any) (any, error) {
			c := &call{ctx: ctx, request: request, next: next}
			response, err := executor.WithContext(ctx).GetWithExecution(c.attempt)
			return c.result(response, err)
		}
	}
}
