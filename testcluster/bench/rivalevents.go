package main

import (
	"sync"
	"sync/atomic"
)

// eventQueue runs what it is given one after the other, on a goroutine that ends when there is nothing more to run.
type eventQueue struct {
	mu      sync.Mutex
	idle    sync.Cond // on mu; when nothing is running
	queue   []func()
	running bool
	closed  bool

	// early has each dial of a balancer's first update run those before it. The balancer then learns of most connections while it still goes
	// through its list, and makes one picker after that. It would make as many as there are backends, each of which takes it as long as there are backends. A first
	// update has nobody but itself dial, so that this is on the goroutine of events.
	early atomic.Bool
}

func (e *eventQueue) post(event func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return
	}
	e.queue = append(e.queue, event)
	if !e.running {
		e.running = true
		go e.run()
	}
}

// do runs an event, and returns once all that it led to has run, too.
func (e *eventQueue) do(event func()) {
	e.post(event)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.await()
}

// close drops further events, and waits.
func (e *eventQueue) close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	e.await()
}

func (e *eventQueue) await() {
	for e.running {
		e.idle.Wait()
	}
}

func (e *eventQueue) run() {
	e.drain()
	for !e.ended() {
		e.drain()
	}
}

func (e *eventQueue) ended() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.running = len(e.queue) > 0; !e.running {
		e.idle.Broadcast()
	}
	return !e.running
}

// drain runs what there is.
func (e *eventQueue) drain() {
	for event := e.next(); event != nil; event = e.next() {
		event()
	}
}

func (e *eventQueue) next() (event func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.queue) > 0 {
		event, e.queue = e.queue[0], e.queue[1:]
	}
	return event
}
