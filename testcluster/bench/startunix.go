//go:build unix

package main

import (
	"os"
	"syscall"
	"time"
)

// pauseOnce lets a child run for its share of a period, in percent. It returns false once the child has ended.
func (p *process) pauseOnce(share int) bool {
	running := sharePeriod * time.Duration(share) / wholeShare
	p.command.Process.Signal(syscall.SIGCONT) // it may have ended
	select {
	case <-p.ended:
		return false
	case <-time.After(running):
	}
	p.command.Process.Signal(syscall.SIGSTOP)
	time.Sleep(sharePeriod - running)
	return true
}

// cpuTime is what this process has had of all processors.
func cpuTime() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u) // does not fail for the process itself
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// descriptors is how many this process has open; 0 where the system does not list them.
func descriptors() int {
	open, _ := os.ReadDir("/dev/fd")
	return len(open)
}
