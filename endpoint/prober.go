package endpoint

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/membership"
)

const (
	defaultProbes = 500 // a second
	burst         = 3   // probes with each call; evenly paced ones were of less use
	savedUp       = 0.1 // seconds of probes that may be sent at once

	probeTick   = 10 * time.Millisecond // how exactly time-outs are kept
	heldUp      = 50 * time.Millisecond // a tick that is later says that this process stood still, not the others
	answersWait = 256                   // for the prober; more are lost
)

// prober asks instances for their load, with each call to its Balancer. All but poke runs in one goroutine.
type prober struct {
	view    *membership.View
	picks   *balancer.Balancer[*client]
	on      atomic.Bool // it runs
	pokes   chan struct{}
	answers chan membership.ProbeAnswer

	limit   bucket
	known   map[*client]*probed
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

func newProber(view *membership.View, picks *balancer.Balancer[*client], perSecond int) *prober {
	return &prober{
		view:    view,
		picks:   picks,
		pokes:   make(chan struct{}, 1),
		answers: make(chan membership.ProbeAnswer, answersWait),
		limit:   bucket{perSecond: float64(perSecond), depth: max(burst, savedUp*float64(perSecond))},
		known:   make(map[*client]*probed),
		flights: make(map[uint64]*flight),
		silent:  make(map[*probed]bool),
	}
}

// poke tells that there was a call. It costs some nanoseconds, and nothing else waits for it.
func (p *prober) poke() {
	if p.on.Load() {
		select {
		case p.pokes <- struct{}{}:
		default:
		}
	}
}

// wanted says whether the policy goes by reports and has a choice.
func (p *prober) wanted() bool {
	_, _, ok := p.picks.Next()
	return ok
}

// run probes until ctx is done, or for nothing. Without calls it only waits.
func (p *prober) run(ctx context.Context) {
	p.on.Store(true)
	defer p.on.Store(false)
	due := time.Now().Add(probeTick) // of the next tick; zero for none
	tick := time.NewTimer(probeTick)
	defer tick.Stop()
	for !p.useless {
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
func (p *prober) burst(now time.Time) {
	p.forget()
	left := burst
	for one := range p.silent {
		if left > 0 && p.ask(one, now) {
			left--
		}
	}
	for draws := 2 * burst; left > 0 && draws > 0; draws-- { // one that was asked just now may be drawn
		if next, _, ok := p.picks.Next(); ok && p.ask(p.of(next), now) {
			left--
		}
	}
}

// ask sends a probe, unless one is under way or it is too soon.
func (p *prober) ask(one *probed, now time.Time) bool {
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
func (p *prober) answered(answer membership.ProbeAnswer, now time.Time) {
	f := p.flights[answer.ID]
	if f == nil {
		return
	}
	delete(p.flights, answer.ID)
	delete(p.silent, f.to)
	f.to.answered(f, answer.Known, now)
	if p.known[f.to.client] != f.to {
		return // of a process that was there before
	}
	if answer.Known {
		p.picks.Report(f.to.client.address, balancer.Load{InFlight: answer.InFlight})
	} else {
		p.picks.Answers(f.to.client.address)
	}
}

// tick looks after what was not answered.
func (p *prober) tick(due, now time.Time) {
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

func (p *prober) missed(one *probed, now time.Time) {
	if one.miss(now); one.missed == 0 || p.known[one.client] != one {
		return
	}
	if one.missed < missesCount {
		p.ask(one, now)
		return
	}
	p.silent[one] = true
	p.picks.Silent(one.client.address)
	p.view.Report(one.instance, membership.TimedOut)
}
