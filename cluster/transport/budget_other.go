//go:build !linux

package transport

import "time"

// threadTime is unknown.
func threadTime() time.Duration { return 0 }
