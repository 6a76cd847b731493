package endpoint

import (
	"errors"
	"io"
)

// PerInstance puts a middleware of its own around the endpoint of each instance, such as a
// circuit breaker, a limit or a count. It is made when the instance is connected to, and goes
// with it. A middleware that is nil changes nothing. Without a factory that of PerInstance fails.
func PerInstance(factory Factory, middleware func(instance string) Middleware) Factory {
	return func(instance string) (Endpoint, io.Closer, error) {
		if factory == nil {
			return nil, nil, errors.New(
				"endpoint: PerInstance: the factory is nil: use a function that makes an endpoint of an address")
		}
		endpoint, closer, err := factory(instance)
		if err != nil || endpoint == nil || middleware == nil {
			return endpoint, closer, err
		}
		if around := middleware(instance); around != nil {
			endpoint = around(endpoint)
		}
		return endpoint, closer, nil
	}
}

// NotSent gives an error of which [Unsent] says that nothing was sent. It is for middleware that holds requests back. The error
// of nil is nil.
func NotSent(err error) error {
	if err == nil {
		return nil
	}
	return &notSent{err}
}

type notSent struct{ error }

func (e *notSent) Unwrap() error { return e.error }
func (e *notSent) Unsent() bool  { return true }
