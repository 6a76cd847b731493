package cluster

import (
	"context"
	"time"
)

// sleep waits for d, and reports whether it did: it returns false at once when ctx is done.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}
