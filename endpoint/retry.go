package endpoint

import (
	"context"
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

// Retry returns an endpoint that calls through b and, when a call fails, calls another instance,
// never the same twice while another is left; after that it waits a little, 25 ms at first,
// before it calls one again. By default it makes 3 attempts, and retries at most 20 % of the
// calls and 3 a second besides, see [Budget]. Every error is retried, unless the caller's context
// has ended, the caller itself is at fault, see [CallerError], or any instance would answer the
// same, as with [ErrNotFound]. Exclude with [RetryIf] calls that must not be made twice. While
// there is no instance the attempts only wait, and cost no budget.
//
// The longest wait is 250 ms. An instance that asks for more, by the RetryAfter of a [Problem], is
// not called again: where all of them do, the call fails at once.
//
// A failure of one attempt that is not retried is returned as it is; otherwise the error is a
// [*RetryError], of which the last attempt decides. The context of a call that succeeded goes on,
// so that a streamed body can be read after it. A call returns when its context ends, or the time
// for its attempt: 10 ms later where an endpoint does not honour the context. That endpoint goes
// on in a goroutine, for which Close of the Endpointer waits, and an answer that it returns then
// is dropped. Retry panics without a Balancer.
func Retry(b *Balancer, options ...RetryOption) Endpoint {
	if b == nil {
		panic("endpoint: Retry: the Balancer is nil: make one with NewBalancer")
	}
	return newRetry(b, options).call
}

func newRetry(b *Balancer, options []RetryOption) *retry {
	r := &retry{
		balancer: b,
		attempt:  b.attempt,
		attempts: defaultAttempts,
		retryIf:  always[error],
		budget:   newBudget(defaultBudget),
	}
	for _, option := range options {
		if option != nil {
			option(r)
		}
	}
	return r
}

// always stands for a function that is nil.
func always[T any](T) bool { return true }

func orAlways[T any](decide func(T) bool) func(T) bool {
	if decide == nil {
		return always[T]
	}
	return decide
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

// RetryIf sets which errors are retried. The default, and nil, is all. A request that reached no
// server, as of a dial that was refused, is sent again whatever it decides; [Unsent] retries
// nothing else. It is asked about [ErrNoEndpoints], too: false has a call fail at once where
// there is no instance. Attempts and budget bound all of them.
func RetryIf(again func(error) bool) RetryOption {
	return func(r *retry) { r.retryIf = orAlways(again) }
}

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
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	r.budget.deposit()
	var tried []*client
	var failed []failedAttempt
	for attempts, pauses := 1, 0; ; attempts++ {
		response, failures := r.try(ctx, request, tried)
		if failures == nil {
			return response, nil
		}
		tried = withCalled(tried, failures)
		again := r.balancer.picks.Len() <= len(tried) // no other is left
		reason := r.stop(ctx, failures, attempts, again && allAskToWait(failed) && allAskToWait(failures))
		if !noneTwice(failed, failures) {
			failed = append(failed, failures...)
		}
		if reason != "" {
			if len(failed) == 1 && reason != budgetSpent {
				return nil, failures[0].err
			}
			return nil, newRetryError(failed, reason, ctx.Err())
		}
		if again {
			if !pause(ctx, pauses) {
				return nil, newRetryError(failed, contextEnded, ctx.Err())
			}
			pauses++
		}
	}
}

// withCalled adds the instances that failed to tried, without those that have left.
func withCalled(tried []*client, failures []failedAttempt) []*client {
	for _, failure := range failures {
		if failure.called != nil && !slices.Contains(tried, failure.called) {
			tried = append(tried, failure.called)
		}
	}
	return slices.DeleteFunc(tried, (*client).hasLeft)
}

// allAskToWait reports whether each instance asked for more time than a pause before it is called
// again, by the RetryAfter of a [Problem].
func allAskToWait(failures []failedAttempt) bool {
	return !slices.ContainsFunc(failures, func(f failedAttempt) bool {
		problem, _ := find(f.err)
		return problem == nil || problem.RetryAfter <= longestPause
	})
}

// Why there is no further attempt.
const (
	budgetSpent   = "the retry budget is spent"
	contextEnded  = "the call's context has ended"
	noAttemptLeft = "no attempt is left"
	waitAsked     = "all instances ask to wait"
	notRetried    = "the last error is not retried"
)

// stop returns why there is no attempt after one that failed, or "". An error that is not retried
// becomes the last of failures. All instances may have been asked, and ask to wait.
func (r *retry) stop(ctx context.Context, failures []failedAttempt, attempts int, wait bool) string {
	none := failures[0].called == nil
	switch {
	case ctx.Err() != nil:
		return contextEnded
	case decides(failures, func(f failedAttempt) bool { return f.verdict.final }):
		return notRetried
	case attempts >= r.attempts:
		return noAttemptLeft
	case decides(failures, func(f failedAttempt) bool { return !r.again(f) }):
		return notRetried
	case wait:
		return waitAsked
	case !none && !r.budget.withdraw():
		return budgetSpent
	default:
		return ""
	}
}

// decides reports whether one of failures is such a one, which it makes the last: of two calls
// that were made at once.
func decides(failures []failedAttempt, such func(failedAttempt) bool) bool {
	at, last := slices.IndexFunc(failures, such), len(failures)-1
	if at < 0 {
		return false
	}
	failures[at], failures[last] = failures[last], failures[at]
	return true
}

// again reports whether a failure may be retried. A request that reached no server may be. RetryIf
// decides whether a call waits where there is no instance.
func (r *retry) again(f failedAttempt) bool {
	return f.called != nil && (f.verdict.unsent || Unsent(f.err)) || r.retryIf(f.err)
}

// noneTwice reports whether an attempt found no instance, as the one before: that is told once.
func noneTwice(before, now []failedAttempt) bool {
	return len(before) > 0 && before[len(before)-1].called == nil && now[0].called == nil
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
				failures[i].err = &noAnswerError{within: r.timeout, err: failure.err}
			}
		}
	}
	return response, failures
}

// pause waits before an instance is called again, and reports whether it may be: not when ctx has
// ended.
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
