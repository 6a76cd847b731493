package endpoint

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/grapevine-go/grapevine/balancer"
)

// errOvertaken is the cause of a context that ended because the other call of two was answered.
var errOvertaken = errors.New("endpoint: the other call was answered first")

// race is a call that may get a second one. The first runs in the caller's goroutine, the second in that of a timer, which
// the caller waits for.
type race struct {
	hedge   *hedge
	ctx     context.Context
	request any
	tried   []*client // by the time of the second
	ended   chan struct{}

	mu     sync.Mutex
	over   bool // no second call may begin or win any more
	first  call
	second call
	done   []*call // in the order in which they ended
}

// call is one of the two. Its result is the race's own once it has ended.
type call struct {
	client   *client
	try      *tryContext
	response any
	ending   ending
	late     bool
	won      bool
}

func (h *hedge) race(ctx context.Context, request any, tried []*client, wait time.Duration) (any, []failedAttempt) {
	if err := ctx.Err(); err != nil {
		return nil, []failedAttempt{{err: err, late: true}}
	}
	taken, token, err := h.balancer.take(ctx, tried)
	if err != nil {
		return nil, []failedAttempt{{err: h.balancer.from.noEndpoints()}}
	}
	r := &race{hedge: h, ctx: ctx, request: request, ended: make(chan struct{})}
	r.tried = append(slices.Clip(tried), taken)
	r.first = call{client: taken, try: newTryContext(ctx)}
	began := time.Now()
	timer := time.AfterFunc(wait, r.runSecond)
	r.runFirst(token, timer)
	h.learn(time.Since(began), wait, r.first.ending.err == nil)
	return r.result()
}

// runFirst returns once both calls have ended, even if the endpoint panics.
func (r *race) runFirst(token balancer.Token, timer *time.Timer) {
	panicked := true
	defer func() {
		r.firstEnded(panicked)
		if !timer.Stop() {
			<-r.ended
		}
	}()
	r.first.response, r.first.ending = r.hedge.balancer.send(r.first.try, r.request, r.first.client, token, bounded)
	panicked = false
}

// firstEnded ends the second call, unless that is under way and must decide.
func (r *race) firstEnded(panicked bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	first, second := &r.first, &r.second
	r.done = append(r.done, first)
	first.late = r.ctx.Err() != nil
	first.won = first.ending.err == nil && !panicked && !second.won
	if r.over = first.won || panicked || second.client == nil; r.over {
		second.stop(errOvertaken)
	}
	if panicked {
		first.stop(nil)
	}
}

func (r *race) runSecond() {
	defer close(r.ended)
	token, ok := r.begin()
	if !ok {
		return
	}
	second := &r.second
	response, ending := r.contained(token)
	r.mu.Lock()
	defer r.mu.Unlock()
	second.response, second.ending, second.late = response, ending, r.ctx.Err() != nil
	r.done = append(r.done, second)
	if ending.err == nil && !r.over {
		second.won = true
		r.first.stop(errOvertaken)
	}
}

// begin takes another instance for the second call, if there is one and the budget allows for it.
func (r *race) begin() (token balancer.Token, ok bool) {
	b := r.hedge.balancer
	taken, token, err := b.take(r.ctx, r.tried)
	if err != nil {
		return token, false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over || r.ctx.Err() != nil || slices.Contains(r.tried, taken) || !r.hedge.budget.withdraw() {
		taken.release()
		b.picks.Done(token, balancer.Canceled)
		return token, false
	}
	r.second = call{client: taken, try: newTryContext(r.ctx)}
	return token, true
}

// contained makes the second call. Nobody could recover from a panic in its goroutine, so that it is a failure.
func (r *race) contained(token balancer.Token) (response any, end ending) {
	taken := r.second.client
	defer func() {
		if recovered := recover(); recovered != nil {
			taken.endpointer.log.Error().Any("panic", recovered).Str("instance", taken.address).Msg("endpoint: second call panicked")
			end.err = fmt.Errorf("endpoint: second call panicked: %v", recovered)
		}
	}()
	return r.hedge.balancer.send(r.second.try, r.request, taken, token, bounded)
}

// result is asked for when both have ended.
func (r *race) result() (response any, failures []failedAttempt) {
	for _, one := range r.done {
		switch {
		case one.won:
			one.try.keep(&r.hedge.leftovers)
			response = one.response
		default:
			one.stop(nil)
			if one.ending.err == nil {
				drop(one.response)
			}
			failures = append(failures, failedAttempt{one.client, one.ending.err, one.late, one.ending.verdict})
		}
	}
	if r.first.won || r.second.won {
		return response, nil
	}
	return nil, failures
}

func (c *call) stop(cause error) {
	if c.try != nil {
		c.try.cancel(cause)
	}
}
