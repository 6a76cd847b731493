package transport

import "context"

// slots bounds how much happens at a time.
type slots chan struct{}

// take waits for a slot. It gives none once ctx is done.
func (s slots) take(ctx context.Context) bool {
	select {
	case s <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (s slots) free() { <-s }
