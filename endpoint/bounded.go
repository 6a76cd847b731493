package endpoint

import (
	"context"
	"io"
	"net/http"
	"runtime"
	"sync/atomic"
	"time"
)

// lateness is how long a call waits for an endpoint after the end of its context. An endpoint
// that honours the context returns at once, with an error that says more than the context's.
const lateness = 10 * time.Millisecond

// runner calls the endpoint of a client that is acquired, and releases the client.
type runner func(ctx context.Context, request any, c *client) (any, error)

// inPlace returns when the endpoint does.
func inPlace(ctx context.Context, request any, c *client) (any, error) {
	defer c.release()
	return c.made.Load().endpoint(ctx, request)
}

// bounded returns soon after the end of ctx, even if the endpoint does not. The endpoint's answer
// is then dropped. The client is not closed before the endpoint returns, and Close of the
// endpointer waits for it.
func bounded(ctx context.Context, request any, c *client) (any, error) {
	if ctx.Done() == nil {
		return inPlace(ctx, request, c)
	}
	r := &run{ended: make(chan struct{})}
	go r.run(ctx, request, c)
	select {
	case <-r.ended:
		return r.result()
	case <-ctx.Done():
	}
	timer := time.NewTimer(lateness)
	defer timer.Stop()
	select {
	case <-r.ended:
	case <-timer.C:
		if r.settled.CompareAndSwap(false, true) {
			c.endpointer.abandon(r.ended)
			return nil, ctx.Err()
		}
		<-r.ended
	}
	return r.result()
}

// run is a call in a goroutine of its own.
type run struct {
	ended    chan struct{}
	settled  atomic.Bool // by the first of: its end, its abandonment
	response any
	err      error
	returned bool
	panicked any
}

func (r *run) run(ctx context.Context, request any, c *client) {
	defer func() {
		if !r.returned {
			r.panicked = recover()
		}
		if !r.settled.CompareAndSwap(false, true) {
			r.drop(c)
		}
		close(r.ended)
	}()
	r.response, r.err = inPlace(ctx, request, c)
	r.returned = true
}

// result is for the goroutine of the caller: a panic goes on there, as does runtime.Goexit.
func (r *run) result() (any, error) {
	switch {
	case r.returned:
		return r.response, r.err
	case r.panicked != nil:
		panic(r.panicked)
	default:
		runtime.Goexit()
		return nil, nil
	}
}

// drop is for a call that was abandoned.
func (r *run) drop(c *client) {
	if r.panicked != nil {
		c.endpointer.log.Error().Any("panic", r.panicked).Str("instance", c.address).
			Msg("endpoint: abandoned call panicked")
	}
	if r.err == nil {
		drop(r.response)
	}
}

// drop closes an answer that came too late to be used.
func drop(response any) {
	switch response := response.(type) {
	case *http.Response:
		if response != nil && response.Body != nil {
			response.Body.Close()
		}
	case io.Closer:
		response.Close()
	}
}
