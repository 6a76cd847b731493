package endpoint

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// errTryTimeout is the cause of a context that ended because its attempt took too long.
var errTryTimeout error = tryTimeout{}

// tryTimeout is a time-out to net.Error and to errors.Is, as context.DeadlineExceeded is.
type tryTimeout struct{}

func (tryTimeout) Error() string   { return "endpoint: the attempt took too long" }
func (tryTimeout) Unwrap() error   { return context.DeadlineExceeded }
func (tryTimeout) Timeout() bool   { return true }
func (tryTimeout) Temporary() bool { return true }

// noAnswerError is an attempt that took too long.
type noAnswerError struct {
	tryTimeout
	within time.Duration
	err    error // of the endpoint
}

func (e *noAnswerError) Error() string {
	text := fmt.Sprintf("no answer within %v", e.within)
	if errors.Is(e.err, context.DeadlineExceeded) || errors.Is(e.err, context.Canceled) {
		return text
	}
	return text + ": " + e.err.Error()
}

func (e *noAnswerError) Unwrap() []error { return []error{context.DeadlineExceeded, e.err} }

// tryContext is the context of one attempt. It exists to be collected: see keep.
type tryContext struct {
	context.Context
	cancel context.CancelCauseFunc
}

// Err is that of a deadline where the attempt took too long.
func (c *tryContext) Err() error {
	err := c.Context.Err()
	if err != nil && context.Cause(c.Context) == errTryTimeout {
		return context.DeadlineExceeded
	}
	return err
}

func newTryContext(parent context.Context) *tryContext {
	inner, cancel := context.WithCancelCause(parent)
	return &tryContext{inner, cancel}
}

// keep is for the context of an attempt that succeeded. It does not end, as the response may hold a stream that is read
// under it. It must not stay registered with a parent that lives long either: when nothing refers to it any more it is
// left over, to be released by the next attempt.
func (c *tryContext) keep(left *leftovers) { runtime.AddCleanup(c, left.add, c.cancel) }

// withTryTimeout gives a context that ends after d unless settle comes first.
func withTryTimeout(parent context.Context, d time.Duration, left *leftovers) (
	ctx context.Context, settle func(succeeded bool) (timedOut bool)) {
	try := newTryContext(parent)
	cancel := try.cancel
	timer := time.AfterFunc(d, func() { cancel(errTryTimeout) })
	return try, func(succeeded bool) bool {
		timer.Stop()
		timedOut := context.Cause(try) == errTryTimeout
		if succeeded {
			try.keep(left)
		} else {
			cancel(nil)
		}
		return timedOut
	}
}

// leftovers are what cancels contexts that were collected. The collector must not do that itself: it works outside of
// the synctest bubble that a context may belong to, and would end the process with a fatal error.
type leftovers struct {
	some    atomic.Bool
	mu      sync.Mutex
	cancels []context.CancelCauseFunc
}

func (l *leftovers) add(cancel context.CancelCauseFunc) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cancels = append(l.cancels, cancel)
	l.some.Store(true)
}

func (l *leftovers) release() {
	if !l.some.Load() {
		return
	}
	l.mu.Lock()
	cancels := l.cancels
	l.cancels = nil
	l.some.Store(false)
	l.mu.Unlock()
	for _, cancel := range cancels {
		cancel(nil)
	}
}
