package sim

import "time"

// World is where a run takes place. What happens in it happens in one goroutine, one event after another.
type World struct {
	began time.Time     // where now is 0
	now   time.Duration // below zero while the run warms up
	slept time.Duration // until then, as the clock says
	queue []event       // a binary heap, the next event first
	order uint64
}

type event struct {
	at    time.Duration
	order uint64 // of those at the same time
	do    func()
}

// newWorld starts now, at a time of minus warmUp.
func newWorld(warmUp time.Duration) *World {
	return &World{began: time.Now().Add(warmUp), now: -warmUp, slept: -warmUp}
}

// Now is the time since the run began to count requests.
func (w *World) Now() time.Duration { return w.now }

// Clock is the time as balancers read it, to within clockStep.
func (w *World) Clock() time.Time { return w.began.Add(w.now) }

// After has something happen later. It may be called from what happens only.
func (w *World) After(d time.Duration, do func()) { w.at(w.now+d, do) }

func (w *World) at(t time.Duration, do func()) {
	w.order++
	w.queue = append(w.queue, event{t, w.order, do})
	for child := len(w.queue) - 1; child > 0; {
		parent := (child - 1) / 2
		if !w.before(child, parent) {
			return
		}
		w.queue[child], w.queue[parent] = w.queue[parent], w.queue[child]
		child = parent
	}
}

func (w *World) before(i, j int) bool {
	a, b := &w.queue[i], &w.queue[j]
	return a.at < b.at || a.at == b.at && a.order < b.order
}

// clockStep is by how much clocks may be late: each sleep costs as much as several events.
const clockStep = 100 * time.Microsecond

// run goes from one event to the next, up to a time.
func (w *World) run(until time.Duration) {
	for len(w.queue) > 0 && w.queue[0].at < until {
		next := w.pop()
		if w.now = next.at; w.now-w.slept >= clockStep {
			w.sleep()
		}
		next.do()
	}
	w.now = until
	w.sleep()
}

func (w *World) sleep() {
	time.Sleep(w.now - w.slept)
	w.slept = w.now
}

func (w *World) pop() event {
	first, last := w.queue[0], len(w.queue)-1
	w.queue[0], w.queue[last] = w.queue[last], event{}
	w.queue = w.queue[:last]
	for parent := 0; ; {
		child := 2*parent + 1
		if child >= last {
			return first
		}
		if child+1 < last && w.before(child+1, child) {
			child++
		}
		if !w.before(child, parent) {
			return first
		}
		w.queue[child], w.queue[parent] = w.queue[parent], w.queue[child]
		parent = child
	}
}
