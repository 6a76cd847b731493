package endpoint

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

const (
	defaultAttempts = 3
	defaultBudget   = 0.2
	firstPause      = 25 * time.Millisecond // before an instance is called again; doubles each time
	longestPause    = 250 * time.Millisecond
)

// Retry gives an endpoint that calls through b and, when a call fails, calls another instance, never the same twice
// while another is left; after that it waits a little, 25 ms at first, before it calls one again. By default it makes 3
// attempts, and retries at most 20 % of the calls and 3 a second besides, see [Budget]. Every error is retried, unless the
// caller's context has ended, so say with [RetryIf] what must not be done twice.
//
// A failure of one attempt that is not retried is returned as it is; otherwise the error is a [*RetryError]. No
// goroutine outlives the call, and the context of a call that succeeded goes on, so that a streamed body can be read
// after it.
func Retry(b *Balancer, options ...RetryOption) Endpoint { return newRetry(b, options).call }

func newRetry(b *Balancer, options []RetryOption) *retry {
	r := &retry{balancer: b, attempt: b.attempt, attempts: defaultAttempts, retryIf: func(error) bool { return true }, budget: newBudget(defaultBudget)}
	for _, option := range options {
		option(r)
	}
	return r
}

// RetryOption configures [Retry].
type RetryOption func(*retry)

// MaxAttempts sets how often a call is tried in all. The default is 3; less than 1 counts as 1. One that is [Hedged] counts once.
func MaxAttempts(n int) RetryOption { return func(r *retry) { r.attempts = max(n, 1) } }

// PerTryTimeout sets how long one attempt may take until the endpoint returns. The default is 0: as long as the call's
// context allows.
func PerTryTimeout(d time.Duration) RetryOption { return func(r *retry) { r.timeout = d } }

// Budget sets which share of the calls may be retried, over some time: each call earns share, a retry costs 1, and at
// most 100 retries are saved up. Beyond it 3 retries a second are free. The default is 0.2.
// The rule is that of Finagle's RetryBudget.
func Budget(share float64) RetryOption { return func(r *retry) { r.budget = newBudget(share) } }

// RetryIf sets which errors are retried. The default is all. A request that reached no server, as of a dial that was refused, is
// sent again whatever it says; [Unsent] retries nothing else. Attempts and budget bound all of them.
func RetryIf(again func(error) bool) RetryOption { return func(r *retry) { r.retryIf = again } }

type retry struct {
	balancer  *Balancer
	attempt   attempter
	attempts  int
	timeout   time.Duration
	budget    *budget
	retryIf   func(error) bool
	leftovers leftovers
}

func (r *retry) call(ctx context.Context, request any) (any, error) {
	r.budget.deposit()
	var tried []*client
	var failed []failedAttempt
	for attempts, pauses := 1, 0; ; attempts++ {
		response, failures := r.try(ctx, request, tried)
		if failures == nil {
			return response, nil
		}
		failed = append(failed, failures...)
		if reason := r.stop(ctx, failures, attempts); reason != "" {
			if len(failed) == 1 && reason != budgetSpent {
				return nil, failed[0].err
			}
			return nil, newRetryError(failed, reason, ctx.Err())
		}
		for _, failure := range failures {
			if failure.called != nil && !slices.Contains(tried, failure.called) {
				tried = append(tried, failure.called)
			}
		}
		tried = slices.DeleteFunc(tried, (*client).hasLeft)
		if r.balancer.picks.Len() <= len(tried) {
			if !pause(ctx, pauses) {
				return nil, newRetryError(failed, contextEnded, ctx.Err())
			}
			pauses++
		}
	}
}

const (
	budgetSpent  = "the retry budget is spent"
	contextEnded = "the call's context has ended"
)

// stop says why there is no attempt after one that failed, or "".
func (r *retry) stop(ctx context.Context, failures []failedAttempt, attempts int) string {
	switch {
	case ctx.Err() != nil:
		return contextEnded
	case attempts >= r.attempts:
		return "no attempt is left"
	case slices.ContainsFunc(failures, func(f failedAttempt) bool { return !Unsent(f.err) && !r.retryIf(f.err) }):
		return "the last error is not retried"
	case !r.budget.withdraw():
		return budgetSpent
	default:
		return ""
	}
}

// try makes one attempt within the time for one.
func (r *retry) try(ctx context.Context, request any, tried []*client) (any, []failedAttempt) {
	if r.timeout <= 0 {
		return r.attempt(ctx, request, tried)
	}
	r.leftovers.release()
	try, settle := withTryTimeout(ctx, r.timeout, &r.leftovers)
	response, failures := r.attempt(try, request, tried)
	if timedOut := settle(failures == nil); timedOut {
		for i, failure := range failures {
			if failure.late {
				failures[i].err = fmt.Errorf("no answer within %v: %w: %w", r.timeout, context.DeadlineExceeded, failure.err)
			}
		}
	}
	return response, failures
}

// pause waits before an instance is called again, and says whether it may be: not when ctx has ended.
func pause(ctx context.Context, before int) bool {
	longest := min(firstPause<<min(before, 8), longestPause)
	timer := time.NewTimer(longest/2 + rand.N(longest/2))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}
