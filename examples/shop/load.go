package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/endpoint"
	"github.com/grapevine-go/grapevine/examples/shop/auth"
	"github.com/grapevine-go/grapevine/examples/shop/orders"
)

const (
	callLimit = time.Minute // for a call with all its attempts

	// A customer who may send a call again waits before, at first and at most.
	firstPause = 50 * time.Millisecond
	longPause  = time.Second

	lifetime = time.Hour // of the tokens
)

var customers = []string{"ann", "bob", "eve", "joe", "zoe"}

// load calls the service orders, open loop: a call begins when its time has come, whatever became of
// those before it.
type load struct {
	client *orders.Client
	tokens tokens
	ledger ledger
	work   sync.WaitGroup
	next   atomic.Int64 // number of the next call

	inFlight atomic.Int64

	mu     sync.Mutex
	counts map[string]*count
	failed []string // calls that did not end as they should, with their errors
	traced traced   // a request to look for in the logs
}

// count is what became of the calls of one kind.
type count struct {
	calls, attempts, right, unknown int
	longest                         time.Duration
}

// traced is the request that placed an order with the most attempts.
type traced struct {
	id       string
	attempts int64
}

func (t traced) or(id string, attempts int64) traced {
	if attempts < t.attempts {
		return t
	}
	return traced{id, attempts}
}

// persist repeats a call while again is true of its error, until ctx is done. The
// client itself repeats calls at once, but no more than its budget allows.
func persist(ctx context.Context, again func(error) bool, call func() (orders.Order, error)) (orders.Order, error) {
	for pause := firstPause; ; pause = min(2*pause, longPause) {
		order, err := call()
		if err == nil || !again(err) {
			return order, err
		}
		if !sleep(ctx, rand.N(pause)+pause/2) { // at random, so that customers do not return together
			return order, err
		}
	}
}

// notNow is for calls that may be repeated: they may succeed later. A time-out is that of an attempt
// or of a service, as persist ends with the time of the call.
func notNow(err error) bool {
	switch endpoint.KindOf(err) {
	case endpoint.ErrUnavailable, endpoint.ErrExhausted, context.DeadlineExceeded:
		return true
	default:
		return false
	}
}

// tokens holds what the customers show, and what they should not.
type tokens struct {
	valid             map[string]string
	expired, readOnly string
}

func (t tokens) old() string  { return t.expired }
func (t tokens) weak() string { return t.readOnly }

func newTokens(issuer *auth.Issuer) (t tokens, err error) {
	t.valid = make(map[string]string)
	for _, customer := range customers {
		if t.valid[customer], err = issuer.Issue(customer, lifetime, auth.Customer...); err != nil {
			return t, err
		}
	}
	if t.expired, err = issuer.Issue("ann", -time.Minute, auth.Customer...); err != nil {
		return t, err
	}
	t.readOnly, err = issuer.Issue("ann", lifetime, auth.ReadOrders)
	return t, err
}

func newLoad(f *fleet) (*load, error) {
	tokens, err := newTokens(f.issuer)
	if err != nil {
		return nil, err
	}
	return &load{
		client: orders.NewClient(f.node.View(), zerolog.Nop(), countAttempts),
		tokens: tokens,
		counts: make(map[string]*count),
	}, nil
}

// attemptsKey finds the number of attempts of a call in its context.
type attemptsKey struct{}

func countAttempts(next endpoint.Endpoint) endpoint.Endpoint {
	return func(ctx context.Context, request any) (any, error) {
		if attempts, ok := ctx.Value(attemptsKey{}).(*atomic.Int64); ok {
			attempts.Add(1)
		}
		return next(ctx, request)
	}
}

// run begins rate calls a second until ctx is done, and returns when all have ended.
func (l *load) run(ctx context.Context, rate int) {
	defer l.work.Wait()
	tick := time.NewTicker(time.Second / time.Duration(rate))
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			l.begin(ctx, func() {})
		case <-ctx.Done():
			return
		}
	}
}

// begin begins the next call, which goes on when ctx is done. It calls ended when the call has ended.
func (l *load) begin(ctx context.Context, ended func()) {
	n := int(l.next.Add(1) - 1)
	l.inFlight.Add(1)
	l.work.Go(func() {
		defer ended()
		defer l.inFlight.Add(-1)
		l.call(context.WithoutCancel(ctx), n)
	})
}

// burst begins n calls and returns when the first of them has ended.
func (l *load) burst(ctx context.Context, n int) {
	first := make(chan struct{}, n)
	for range n {
		l.begin(ctx, func() { first <- struct{}{} })
	}
	<-first
}

// call makes the nth call and records how it ended.
func (l *load) call(ctx context.Context, n int) {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	attempts, a := new(atomic.Int64), script[n%len(script)]
	ctx = context.WithValue(endpoint.WithRequestID(ctx, ""), attemptsKey{}, attempts)
	began := time.Now()
	o, err := a.play(ctx, l, n)
	took := time.Since(began)

	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.counts[a.name]
	if c == nil {
		c = new(count)
		l.counts[a.name] = c
	}
	c.calls++
	c.attempts += int(attempts.Load())
	c.longest = max(c.longest, took)
	switch {
	case o == unknown && a.mayBeUnknown:
		c.unknown++
	case err != nil:
		l.failed = append(l.failed, fmt.Sprintf("%s, request %s, attempts %d: %v",
			a.name, endpoint.RequestID(ctx), attempts.Load(), err))
	default:
		c.right++
		if o == placed {
			l.traced = l.traced.or(endpoint.RequestID(ctx), attempts.Load())
		}
	}
}
