package endpoint

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// RetryError is how a call of [Retry] or [Hedge] failed for good, where more than one attempt was
// made or the budget is spent. The last attempt decides: the text, errors.Is and errors.As are
// those of its error, and of the call's context if that has ended. Attempts holds the history. It
// is a net.Error.
type RetryError struct {
	Attempts []error // in order, each with the instance that was called
	Reason   string  // why there was no further attempt
	last     error   // of the last attempt, as it came
	ended    error   // of the call's context
}

// Error returns the text of the last attempt's error, after what ended the attempts unless it was
// that error.
func (e *RetryError) Error() string {
	switch last := e.final(); {
	case last == nil:
		return "endpoint: " + e.Reason
	case e.Reason == notRetried:
		return last.Error()
	default:
		return fmt.Sprintf("endpoint: %s after %d: %v", e.Reason, len(e.Attempts), last)
	}
}

// Unwrap returns the error of the last attempt, and that of the call's context if it has ended.
func (e *RetryError) Unwrap() (errs []error) {
	for _, err := range []error{e.final(), e.ended} {
		if err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

func (e *RetryError) final() error {
	if e.last == nil && len(e.Attempts) > 0 {
		return e.Attempts[len(e.Attempts)-1]
	}
	return e.last
}

// Timeout reports whether the call's time was over, or that of its last attempt.
func (e *RetryError) Timeout() bool {
	if e.ended != nil {
		return errors.Is(e.ended, context.DeadlineExceeded)
	}
	var last interface{ Timeout() bool }
	return errors.As(e.final(), &last) && last.Timeout()
}

// Temporary is Timeout: it makes the error a net.Error.
func (e *RetryError) Temporary() bool { return e.Timeout() }

// Unsent reports whether no attempt reached a server, see [Unsent].
func (e *RetryError) Unsent() bool {
	return !slices.ContainsFunc(e.Attempts, func(attempt error) bool { return !Unsent(attempt) })
}

func newRetryError(failed []failedAttempt, reason string, ended error) *RetryError {
	e := &RetryError{Reason: reason, ended: ended}
	for _, failure := range failed {
		e.Attempts = append(e.Attempts, failure.named())
		e.last = failure.err
	}
	return e
}
