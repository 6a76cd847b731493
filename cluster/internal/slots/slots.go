// Package slots bounds how much happens at a time.
package slots

import "context"

// Slots are as many as the channel has room for: make(Slots, 16).
type Slots chan struct{}

// Take waits for a slot. It gives none once ctx is done.
func (s Slots) Take(ctx context.Context) bool {
	select {
	case s <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

// TryTake takes a slot if one is free.
func (s Slots) TryTake() bool {
	select {
	case s <- struct{}{}:
		return true
	default:
		return false
	}
}

// Free gives a slot back.
func (s Slots) Free() { <-s }
