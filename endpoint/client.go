package endpoint

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/grapevine-go/grapevine/membership"
)

const (
	firstReconnect   = 100 * time.Millisecond // doubles with each failure
	slowestReconnect = 30 * time.Second

	callsPatience = 500 * time.Millisecond // with calls to an instance that left: by then a request has been sent, if not answered
)

// errRetired is what a call meets that was about to go to an instance just as it left.
var errRetired = errors.New("endpoint: the instance has left")

// client is the one endpoint of an address, shared by all calls to it.
type client struct {
	endpointer *Endpointer
	address    string
	instance   atomic.Pointer[membership.Instance] // as last heard of
	made       atomic.Pointer[made]                // nil until the factory has succeeded
	failed     atomic.Pointer[error]               // of the factory, as it ran last
	tried      chan struct{}                       // closed once the factory has run
	rebooted   chan struct{}                       // holds one signal: the next run of the factory is due
	published  bool                                // as one that can be called; the endpointer's lock is held for it
	retired    atomic.Bool
	uses       atomic.Int64  // calls in flight, and 1 until it is retired: at 0 it is closed
	ended      chan struct{} // closed when there are none
	closed     atomic.Bool
}

// made is what a factory returned.
type made struct {
	endpoint Endpoint
	closer   io.Closer
}

func newClient(e *Endpointer, address string) *client {
	c := &client{
		endpointer: e,
		address:    address,
		tried:      make(chan struct{}),
		rebooted:   make(chan struct{}, 1),
		ended:      make(chan struct{}),
	}
	c.uses.Store(1)
	return c
}

func byAddress(a, b *client) int { return strings.Compare(a.address, b.address) }

func (c *client) connected() bool { return c.made.Load() != nil }

// connect runs the factory until it succeeds or the instance has left. A new boot is a new
// instance, so the failures of the boot before it do not count.
func (c *client) connect() {
	first := sync.OnceFunc(func() { close(c.tried) })
	defer first()
	for backoff := firstReconnect; ; backoff = min(2*backoff, slowestReconnect) {
		made, err := c.runFactory()
		if err == nil {
			c.begin(made)
			return
		}
		c.failed.Store(&err)
		first()
		c.endpointer.log.Warn().Err(err).Str("instance", c.address).Msg("endpoint: factory failed")
		select {
		case <-time.After(backoff/2 + rand.N(backoff/2)):
		case <-c.rebooted:
			backoff = firstReconnect / 2
		case <-c.endpointer.ctx.Done():
			return
		}
		if c.hasLeft() {
			return
		}
	}
}

// update records the instance as it is now. Called with the endpointer's lock held.
func (c *client) update(instance membership.Instance) {
	before := c.instance.Swap(&instance)
	if before == nil || before.Member == instance.Member && before.Boot == instance.Boot {
		return
	}
	select {
	case c.rebooted <- struct{}{}:
	default:
	}
}

// runFactory contains a panic: one instance that cannot be made must not take the process down.
func (c *client) runFactory() (m *made, err error) {
	defer func() {
		if recovered := recover(); recovered != nil {
			err = fmt.Errorf("factory panicked: %v", recovered)
		}
	}()
	endpoint, closer, err := c.endpointer.factory(c.address)
	if err == nil && endpoint == nil {
		err = errors.New("factory returned no endpoint")
	}
	return &made{endpoint, closer}, err
}

// begin makes the client one that can be called, unless its instance has left meanwhile.
func (c *client) begin(m *made) {
	c.made.Store(m)
	c.failed.Store(nil)
	if c.uses.Load() == 0 { // no call can begin any more; one that is in flight closes it at its end
		c.close()
		return
	}
	c.endpointer.mu.Lock()
	defer c.endpointer.mu.Unlock()
	if !c.published { // as it is when many are made at once: each publish is for all
		c.endpointer.publish()
	}
}

// retire gives up the use that the endpointer itself has of the client.
func (c *client) retire() {
	c.retired.Store(true)
	c.release()
}

// acquire counts a call in, unless the client is closed.
func (c *client) acquire() bool {
	for {
		uses := c.uses.Load()
		if uses == 0 {
			return false
		}
		if c.uses.CompareAndSwap(uses, uses+1) {
			return true
		}
	}
}

// acquireCurrent is acquire for one that has not left: of those that are counted in after that, nobody waits for the end.
func (c *client) acquireCurrent() bool {
	if !c.acquire() {
		return false
	}
	if c.hasLeft() {
		c.release()
		return false
	}
	return true
}

func (c *client) release() {
	if c.uses.Add(-1) == 0 {
		close(c.ended)
		c.close()
	}
}

// awaitCalls waits until the calls to an instance that left have returned, or have taken so long that they have reached it.
func (c *client) awaitCalls(ctx context.Context) {
	select {
	case <-c.ended:
	case <-time.After(callsPatience):
	case <-ctx.Done():
	}
}

// close calls the closer once. One that panics must not take the process down.
func (c *client) close() {
	m := c.made.Load()
	if m == nil || m.closer == nil || !c.closed.CompareAndSwap(false, true) {
		return
	}
	defer func() {
		if recovered := recover(); recovered != nil {
			c.endpointer.log.Error().Any("panic", recovered).Str("instance", c.address).Msg("endpoint: closer panicked")
		}
	}()
	if err := m.closer.Close(); err != nil {
		c.endpointer.log.Warn().Err(err).Str("instance", c.address).Msg("endpoint: cannot close")
	}
}

// hasLeft says whether the endpointer has given the client up.
func (c *client) hasLeft() bool { return c.retired.Load() }

// call is what Endpoints hands out.
func (c *client) call(ctx context.Context, request any) (any, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if !c.acquire() {
		return nil, errRetired
	}
	response, ending := c.send(ctx, request, inPlace)
	return response, ending.err
}

// ending is how a call ended.
type ending struct {
	err     error
	verdict verdict
}

// send sends a request to this instance, which is acquired for it, and tells the node what the call learned of it.
func (c *client) send(ctx context.Context, request any, run runner) (any, ending) {
	ctx, x := withExchange(ctx)
	response, err := run(ctx, request, c)
	verdict, instance := x.verdictOf(ctx, err), c.instance.Load()
	switch verdict.evidence {
	case "":
	case membership.Fine:
		if instance.Suspected {
			c.endpointer.view.Report(*instance, membership.Fine)
		}
	default:
		c.endpointer.view.Report(*instance, verdict.evidence)
	}
	return response, ending{err, verdict}
}
