package main

import (
	"fmt"
	"runtime"
	"sync"
	"time"
)

// usage is what this process takes.
type usage struct {
	heap       uint64 // live, in bytes
	goroutines int
}

func measureUsage() usage { return usage{liveHeap(), runtime.NumGoroutine()} }

// liveHeap is how many bytes of the heap are in use. Finalizers, and pools that outlive one collection, need more than one.
func liveHeap() uint64 {
	for range 3 {
		runtime.GC()
	}
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

const settlePatience = 30 * time.Second // memberlist does not wait for probes that are on their way

// settle waits until there are no more goroutines than before.
func settle(before int) error {
	for until := time.Now().Add(settlePatience); runtime.NumGoroutine() > before; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(until) {
			return fmt.Errorf("%d goroutines are left over after %v", runtime.NumGoroutine()-before, settlePatience)
		}
	}
	return nil
}

// reserveGoroutines makes what the runtime keeps of so many goroutines: it lies on the heap for good, and whichever
// cluster is started first would pay for it.
func reserveGoroutines(count int) {
	var work sync.WaitGroup
	end := make(chan struct{})
	for range count {
		work.Go(func() { <-end })
	}
	close(end)
	work.Wait()
}
