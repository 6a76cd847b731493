//go:build race

package cluster_test

import "runtime"

// The race detector of go1.26.8 dies of a SIGSEGV now and then when a bubble fires timers on one processor while a
// goroutine of the bubble polls the channel of a due timer on another: both use the one race context of the bubble.
func init() { runtime.GOMAXPROCS(1) }
