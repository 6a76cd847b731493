// Package gobreakerendpoint puts circuit breakers of github.com/sony/gobreaker around Go kit endpoints, where a program has
// them already: the balancer of package endpoint ejects instances that fail without one. It is a module of its own, so that other
// programs do not require gobreaker.
package gobreakerendpoint

import (
	"context"
	"errors"

	"github.com/sony/gobreaker/v2"

	"github.com/grapevine-go/grapevine/endpoint"
)

// givenUp wraps the error of a call that is no evidence against the instance.
type givenUp struct{ error }

func (e givenUp) Unwrap() error { return e.error }

// New returns a breaker for [Middleware], with settings whose IsExcluded also excludes calls that
// are no evidence against the instance, see [endpoint.Blameless]: they count neither as failures
// nor as successes. A breaker that is made in another way judges them by its own settings.
func New(settings gobreaker.Settings) *gobreaker.CircuitBreaker[any] {
	excluded := settings.IsExcluded
	settings.IsExcluded = func(err error) bool {
		var given givenUp
		return errors.As(err, &given) || excluded != nil && excluded(err)
	}
	return gobreaker.NewCircuitBreaker[any](settings)
}

// Middleware sends calls through breaker. What it holds back, as it is open, fails with its error, and of that [endpoint.Unsent] says
// that nothing was sent, so that [endpoint.Retry] tries another instance. With a breaker for each instance, see [endpoint.PerInstance],
// the balancer learns to avoid those that are open; with one around [endpoint.Retry] it is for the whole service.
func Middleware(breaker *gobreaker.CircuitBreaker[any]) endpoint.Middleware {
	return func(next endpoint.Endpoint) endpoint.Endpoint {
		return func(ctx context.Context, request any) (any, error) {
			sent := false
			response, err := breaker.Execute(func() (any, error) {
				sent = true
				response, err := next(ctx, request)
				if endpoint.Blameless(ctx, err) {
					err = givenUp{err}
				}
				return response, err
			})
			var given givenUp
			switch {
			case !sent:
				return nil, endpoint.NotSent(err)
			case errors.As(err, &given):
				return response, given.error
			default:
				return response, err
			}
		}
	}
}
