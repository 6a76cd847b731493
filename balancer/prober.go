package balancer

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/grapevine-go/grapevine/membership"
)

// DefaultProbes is how many probes clients send each second at most, if they are not told otherwise.
const DefaultProbes = 500

const (
	burst   = 3   // probes with each call; evenly paced ones were of less use
	savedUp = 0.1 // seconds of probes that may be sent at once

	probeTick   = 10 * time.Millisecond // how exactly time-outs are kept
	heldUp      = 50 * time.Millisecond // a tick that is later says that this process stood still, not the others
	answersWait = 256                   // for the Prober; more are lost
)

// Prober asks the items of a Balancer for their load, through the node that is behind a view. Make one with NewProber, call
// Poke with each call, and have a goroutine in Run.
//
// With each call three probes go to items drawn by lot, unless that were too many; without calls there are none. It asks
// only where the policy goes by reports, see [Set.WantReports], and where there are two items at least. What an item answers is
// reported to the Balancer. One that told a load and then leaves three probes in a row unanswered, for 100 ms each or as long as
// its round trips take, 1 s at most, is reported as silent there, and as timed out to the view. One that tells no load, or never
// answered, as it belongs to an older release, is asked again after a second, and then more and more seldom, up to 30 s.
//
// The rates, and that reports are pooled, are those of Prequal (Wydrowski et al., NSDI 2024).
type Prober[T any] struct {
	picks    *Balancer[T]
	view     *membership.View
	instance func(T) membership.Instance
	on       atomic.Bool // it runs
	pokes    chan struct{}
	answers  chan membership.ProbeAnswer

	// The rest belongs to the goroutine of Run.
	limit   bucket
	known   map[string]*probed // by key
	flights map[uint64]*flight // by ID, until they are answered or it is too late for that
	silent  map[*probed]bool
	useless bool // there is no node that probes
}

// flight is a probe on its way.
type flight struct {
	to      *probed
	sent    time.Time
	until   time.Time // when it counts as lost
	expired bool
}

// NewProber makes a Prober that sends perSecond probes at most, and up to a tenth of that at once. instance tells which one an
// item stands for, at the moment; it is called by the goroutine of Run.
func NewProber[T any](b *Balancer[T], view *membership.View, perSecond int, instance func(T) membership.Instance) *Prober[T] {
	return &Prober[T]{
		picks:    b,
		view:     view,
		instance: instance,
		pokes:    make(chan struct{}, 1),
		answers:  make(chan membership.ProbeAnswer, answersWait),
		limit:    bucket{perSecond: float64(perSecond), depth: max(burst, savedUp*float64(perSecond))},
		known:    make(map[string]*probed),
		flights:  make(map[uint64]*flight),
		silent:   make(map[*probed]bool),
	}
}

// Poke tells that there is a call. It costs some nanoseconds, waits for nothing and may be called by any number of goroutines.
func (p *Prober[T]) Poke() {
	if p.on.Load() {
		select {
		case p.pokes <- struct{}{}:
		default:
		}
	}
}

// Run probes until ctx is done, or no node is behind the view. Only one goroutine may be in it.
func (p *Prober[T]) Run(ctx context.Context) {
	p.on.Store(p.limit.perSecond > 0)
	defer p.on.Store(false)
	due := time.Now().Add(probeTick) // of the next tick; zero for none
	tick := time.NewTimer(probeTick)
	defer tick.Stop()
	for !p.useless && p.limit.perSecond > 0 {
		now, pokes := time.Now(), p.pokes
		if !p.limit.has(burst, now) {
			pokes = nil
		}
		if due.IsZero() && (pokes == nil || len(p.flights) > 0) {
			due = now.Add(probeTick)
			tick.Reset(probeTick)
		}
		select {
		case <-pokes:
			p.burst(time.Now())
		case answer := <-p.answers:
			p.answered(answer, time.Now())
		case <-tick.C:
			p.tick(due, time.Now())
			due = time.Time{}
		case <-ctx.Done():
			return
		}
	}
}

// burst asks first those that are silent and due, then some drawn by lot.
func (p *Prober[T]) burst(now time.Time) {
	p.forget()
	left := burst
	for one := range p.silent {
		if left > 0 && p.ask(one, now) {
			left--
		}
	}
	for draws := 2 * burst; left > 0 && draws > 0; draws-- { // one that was asked just now may be drawn
		if next, key, ok := p.picks.Next(); ok && p.ask(p.of(key, p.instance(next)), now) {
			left--
		}
	}
}

// ask sends a probe, unless one is under way or it is too soon.
func (p *Prober[T]) ask(one *probed, now time.Time) bool {
	if !one.due(now) {
		return false
	}
	id, err := p.view.Probe(one.instance, p.answers)
	if err != nil {
		p.useless = errors.Is(err, membership.ErrNoProbes)
		one.backOff(now)
		return false
	}
	p.limit.take()
	one.flight = &flight{to: one, sent: now, until: now.Add(one.timeout())}
	p.flights[id] = one.flight
	return true
}

// answered takes an answer in, a late one as well: round trips may have become longer.
func (p *Prober[T]) answered(answer membership.ProbeAnswer, now time.Time) {
	f := p.flights[answer.ID]
	if f == nil {
		return
	}
	delete(p.flights, answer.ID)
	delete(p.silent, f.to)
	f.to.answered(f, answer.Known, now)
	switch {
	case p.known[f.to.key] != f.to: // it is of a process that was there before
	case answer.Known:
		p.picks.Report(f.to.key, Load{InFlight: answer.InFlight})
	default:
		p.picks.Answers(f.to.key)
	}
}

// tick looks after what was not answered. It was due when that says.
func (p *Prober[T]) tick(due, now time.Time) {
	for answers := len(p.answers); answers > 0; answers-- {
		p.answered(<-p.answers, now)
	}
	for id, f := range p.flights {
		switch {
		case now.Sub(due) > heldUp && !f.expired:
			f.until = now.Add(f.to.timeout()) // the answer may wait to be read
		case now.Sub(f.sent) > answerLost && f.expired:
			delete(p.flights, id)
		case now.After(f.until) && !f.expired:
			f.expired = true
			p.missed(f.to, now)
		}
	}
}

func (p *Prober[T]) missed(one *probed, now time.Time) {
	if one.miss(now); one.missed == 0 || p.known[one.key] != one {
		return
	}
	if one.missed < missesCount {
		p.ask(one, now)
		return
	}
	p.silent[one] = true
	p.picks.Silent(one.key)
	p.view.Report(one.instance, membership.TimedOut)
}
