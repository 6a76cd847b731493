package endpoint

import (
	"context"
	"time"
)

const (
	defaultHedges = 0.05
	savedHedges   = 10
	leastWait     = time.Millisecond
)

// Hedge returns an endpoint that calls through b and, when the instance has not answered within
// the 95th percentile of the latencies of this endpoint, calls another one as well. The first
// answer counts; the other call is cancelled. It is for requests that may be served twice, see
// [HedgeIf].
//
// The percentile is that of the latest calls, a thousand or so, and at least 1 ms, see
// [HedgeNotBefore]; until a hundred were made there is no second call, nor while there is no
// other instance. By default at most 5 % of the calls are doubled, see [HedgeBudget]: when all
// instances become slow at once, their load does not grow by more.
//
// To the balancer the call that was overtaken is cancelled, which is nobody's failure. Hedge does
// not retry: a call that fails before there is a second one has failed, and its error is returned
// as it is. After that the other call decides; if that fails too the error is a [*RetryError] of
// both, of which the later one decides. For both retries and hedges give [Retry] the option
// [Hedged].
//
// The call waits for the one that was cancelled, so that nothing holds the request any more when
// it returns. An endpoint that does not honour its context holds it up for 10 ms, and goes on by
// itself after that. Of two answers one is dropped, and closed if it is an io.Closer or has the
// body of an http.Response; the context of the other goes on, so that a streamed body can be read
// after the call. Hedge panics without a Balancer.
func Hedge(b *Balancer, options ...HedgeOption) Endpoint {
	if b == nil {
		panic("endpoint: Hedge: the Balancer is nil: make one with NewBalancer")
	}
	return newHedge(b, options).call
}

// Hedged makes the attempts of [Retry] hedged ones. Attempts whose calls have both failed are retried if both errors are.
func Hedged(options ...HedgeOption) RetryOption {
	return func(r *retry) { r.attempt = newHedge(r.balancer, options).attempt }
}

// HedgeOption configures [Hedge] and [Hedged].
type HedgeOption func(*hedge)

// HedgeIf sets which requests may be sent twice. The default, and nil, is all.
func HedgeIf(twice func(request any) bool) HedgeOption {
	return func(h *hedge) { h.hedgeIf = orAlways(twice) }
}

// HedgeBudget sets which share of the calls may be doubled, over some time: each call earns share, a second one costs 1,
// and at most 10 are saved up. The default is 0.05.
func HedgeBudget(share float64) HedgeOption {
	return func(h *hedge) { h.budget = newHedgeBudget(share) }
}

// HedgeNotBefore sets how long an instance has to answer at least before another one is called. The default is 1 ms.
func HedgeNotBefore(d time.Duration) HedgeOption { return func(h *hedge) { h.least = d } }

type hedge struct {
	balancer  *Balancer
	hedgeIf   func(any) bool
	least     time.Duration
	budget    *budget
	took      latencies
	leftovers leftovers
}

func newHedge(b *Balancer, options []HedgeOption) *hedge {
	h := &hedge{balancer: b, hedgeIf: always[any], least: leastWait, budget: newHedgeBudget(defaultHedges)}
	for _, option := range options {
		if option != nil {
			option(h)
		}
	}
	return h
}

func newHedgeBudget(share float64) *budget {
	return &budget{share: int64(share * retryCost), most: savedHedges * retryCost}
}

func (h *hedge) call(ctx context.Context, request any) (any, error) {
	response, failures := h.attempt(ctx, request, nil)
	switch len(failures) {
	case 0:
		return response, nil
	case 1:
		return nil, failures[0].err
	default:
		return nil, newRetryError(failures, "the second call failed too", ctx.Err())
	}
}

// attempt is hedged if it may be.
func (h *hedge) attempt(ctx context.Context, request any, tried []*client) (any, []failedAttempt) {
	h.budget.deposit()
	h.leftovers.release()
	began, wait := time.Now(), h.took.p95()
	var response any
	var failures []failedAttempt
	if wait == 0 || h.balancer.picks.Len() < 2 || !h.hedgeIf(request) {
		response, failures = h.balancer.attempt(ctx, request, tried)
		h.learn(time.Since(began), wait, failures == nil)
		return response, failures
	}
	return h.race(ctx, request, tried, max(wait, h.least))
}

// learn takes in how long the first call took. One that was overtaken, or failed late, is one of the slow ones: hedging must
// not hide from itself how slow calls are.
func (h *hedge) learn(took, percentile time.Duration, answered bool) {
	switch {
	case answered:
		h.took.observe(took)
	case percentile > 0 && took >= percentile:
		h.took.exceeded(took)
	}
}
