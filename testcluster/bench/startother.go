//go:build !unix

package main

import "time"

// pauseOnce pauses nothing: this system has no signal for it.
func (p *process) pauseOnce(int) bool { return false }

func cpuTime() time.Duration { return 0 }
func descriptors() int       { return 0 }
