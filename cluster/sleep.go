package cluster

import (
	"context"
	"time"
)

// sleep waits for d, and says whether it did: it returns false at once when ctx is done.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}
