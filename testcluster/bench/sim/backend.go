package sim

import (
	"slices"
	"sync/atomic"
	"time"
)

// Backend serves requests by a few workers, in the order in which they come.
type Backend struct {
	*World
	Instance

	workers int
	speed   float64                         // in which work is done; 1 is normal
	warmth  func(age time.Duration) float64 // by which it is slower as long as it is new; nil for never
	state   state
	flaw    func() bool // whether the next request fails once it is served; nil for never
	listed  bool        // by what clients were told last
	picked  time.Duration
	serving []*call
	waiting []*call
	reports meter

	inFlight atomic.Int64 // what it answers a probe; less than 0 for nothing
}

type state int

const (
	serves state = iota
	fails        // at once
	dead         // refuses connections
	cut          // cannot be reached: requests time out
)

// cutTimeout is how long a request to a backend that is cut off takes to fail.
const cutTimeout = time.Second

// call is one attempt at a request, as a backend sees it.
type call struct {
	work     time.Duration // at normal speed
	answered func(Answer)
}

// count notes what is in flight.
func (b *Backend) count() {
	if b.state == dead || b.state == cut {
		b.inFlight.Store(-1)
		return
	}
	b.inFlight.Store(int64(len(b.serving) + len(b.waiting)))
}

func (b *Backend) take(c *call) {
	defer b.count()
	switch {
	case b.state == cut:
		b.After(cutTimeout, func() { c.answered(b.answer(true)) })
	case b.state != serves:
		c.answered(b.answer(true))
	case len(b.serving) < b.workers:
		b.serve(c)
	default:
		b.waiting = append(b.waiting, c)
	}
}

// serve works at the speed that it has now, until c is finished.
func (b *Backend) serve(c *call) {
	b.reports.busy(b.now, len(b.serving))
	b.serving = append(b.serving, c)
	b.After(time.Duration(float64(c.work)/b.speedNow()), func() { b.finish(c) })
}

func (b *Backend) speedNow() float64 {
	if b.warmth == nil {
		return b.speed
	}
	return b.speed * b.warmth(b.Clock().Sub(b.Started))
}

// finish does nothing if c was broken off.
func (b *Backend) finish(c *call) {
	i := slices.Index(b.serving, c)
	if i < 0 {
		return
	}
	b.reports.busy(b.now, len(b.serving))
	b.reports.finished++
	b.serving = slices.Delete(b.serving, i, i+1)
	defer b.count()
	c.answered(b.answer(b.flaw != nil && b.flaw()))
	if len(b.waiting) > 0 {
		next := b.waiting[0]
		b.waiting = b.waiting[1:]
		b.serve(next)
	}
}

func (b *Backend) answer(failed bool) Answer {
	b.reports.busy(b.now, len(b.serving))
	return Answer{failed, b.reports.load(b.now, b.workers)}
}

// breakDown resets all connections.
func (b *Backend) breakDown(to state) {
	broken := slices.Concat(b.serving, b.waiting)
	b.serving, b.waiting, b.state = nil, nil, to
	b.count()
	for _, c := range broken {
		c.answered(b.answer(true))
	}
}

// sever cuts it off. What it was serving fails once the caller has waited long enough.
func (b *Backend) sever() {
	lost := slices.Concat(b.serving, b.waiting)
	b.serving, b.waiting, b.state = nil, nil, cut
	b.count()
	for _, c := range lost {
		b.take(c)
	}
}

// start begins another life.
func (b *Backend) start() {
	b.Started, b.state, b.reports = b.Clock(), serves, newMeter(b.now)
	b.count()
}
