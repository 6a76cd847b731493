// Package failsafeendpoint puts policies of github.com/failsafe-go/failsafe-go around Go kit endpoints, where a program has them
// already: package endpoint has retries, hedges, time-outs and ejection of its own. It is a module of its own, so that other
// programs do not require failsafe-go.
package failsafeendpoint

import (
	"context"

	"github.com/failsafe-go/failsafe-go"

	"github.com/grapevine-go/grapevine/endpoint"
)

// Middleware sends calls through the policies of executor; its own context is not used. What they
// hold back, as a circuit breaker, a bulkhead or a rate limiter does, fails with their error, and
// of that [endpoint.Unsent] says that nothing was sent, so that [endpoint.Retry] tries another
// instance. With an executor for each instance, see [endpoint.PerInstance], the balancer learns
// to avoid those that hold back; with one around [endpoint.Retry] it is for the whole service.
//
// A call that says nothing of the instance, see [endpoint.Blameless], is not a failure: as the
// policies know nothing third, it is a success to them. The caller gets its error all the same.
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
