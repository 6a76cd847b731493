package cluster

import (
	"context"
	"time"
)

// sleep waits for d, and reports whether it did: it returns false at once when ctx is done.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 { // no timer, as the race detector of Go 1.26 crashes on those due at once in a bubble
		return ctx.Err() == nil
	}
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}
