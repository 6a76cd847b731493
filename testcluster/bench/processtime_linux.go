package main

import (
	"time"

	"golang.org/x/sys/unix"
)

// processTime is what a process has had of all processors: the sum that getrusage tells of a process itself, by its
// CPU clock (clock_getcpuclockid(3)).
func processTime(pid int) (time.Duration, error) {
	const schedulerClock = 2
	var t unix.Timespec
	err := unix.ClockGettime(int32(^pid<<3|schedulerClock), &t)
	return time.Duration(t.Nano()), err
}
