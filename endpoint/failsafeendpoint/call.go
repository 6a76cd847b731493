package failsafeendpoint

import (
	"context"
	"sync"

	"github.com/failsafe-go/failsafe-go"

	"github.com/grapevine-go/grapevine/endpoint"
)

// call is what one call has come to. A policy may make attempts at once, and go on without waiting for them.
type call struct {
	ctx     context.Context
	request any
	next    endpoint.Endpoint

	mu      sync.Mutex
	sent    bool
	givenUp error
}

func (c *call) attempt(execution failsafe.Execution[any]) (any, error) {
	c.mu.Lock()
	c.sent = true
	c.mu.Unlock()
	response, err := c.next(execution.Context(), c.request)
	if endpoint.Blameless(c.ctx, err) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.givenUp, err = err, nil
	}
	return response, err
}

func (c *call) result(response any, err error) (any, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case err == nil:
		return response, c.givenUp
	case !c.sent:
		return response, endpoint.NotSent(err)
	default:
		return response, err
	}
}
