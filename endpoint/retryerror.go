package endpoint

import (
	"fmt"
	"slices"
	"strings"
)

// RetryError says how a call of [Retry] or [Hedge] failed for good, where more than one attempt did or the budget is spent. errors.Is and errors.As see the error of every attempt, and that of the
// call's context if it has ended.
type RetryError struct {
	Attempts []error // in order, each with the instance that was called
	Reason   string  // why there was no further attempt
	ended    error   // of the call's context
}

func (e *RetryError) Error() string {
	texts := make([]string, len(e.Attempts))
	for i, attempt := range e.Attempts {
		texts[i] = attempt.Error()
	}
	return fmt.Sprintf("endpoint: %s after %d: %s", e.Reason, len(texts), strings.Join(texts, "; "))
}

// Unwrap gives the errors of the attempts, and that of the context last.
func (e *RetryError) Unwrap() []error {
	if e.ended == nil {
		return e.Attempts
	}
	return append(slices.Clip(e.Attempts), e.ended)
}

// Unsent says that no attempt reached a server, see [Unsent].
func (e *RetryError) Unsent() bool {
	return !slices.ContainsFunc(e.Attempts, func(attempt error) bool { return !Unsent(attempt) })
}

func newRetryError(failed []failedAttempt, reason string, ended error) *RetryError {
	e := &RetryError{Reason: reason, ended: ended}
	for _, failure := range failed {
		e.Attempts = append(e.Attempts, failure.named())
	}
	return e
}
