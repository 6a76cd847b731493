package endpoint

import (
	"context"
	"fmt"
)

// attempter makes an attempt at a call, by an instance that is not among tried while there is one. Without failures it has
// succeeded.
type attempter func(ctx context.Context, request any, tried []*client) (response any, failures []failedAttempt)

// failedAttempt is how one instance failed a call.
type failedAttempt struct {
	called  *client // nil if there was none
	err     error
	late    bool // its context had ended
	verdict verdict
}

// named returns the error with the instance.
func (f failedAttempt) named() error {
	if f.called == nil {
		return f.err
	}
	return fmt.Errorf("%s: %w", f.called.address, f.err)
}

// attempt is the plain one.
func (b *Balancer) attempt(ctx context.Context, request any, tried []*client) (any, []failedAttempt) {
	response, called, ending := b.try(ctx, request, tried, bounded)
	if ending.err != nil {
		return nil, []failedAttempt{{called, ending.err, ctx.Err() != nil, ending.verdict}}
	}
	return response, nil
}
