package main

import (
	"time"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/testcluster/bench/sim"
)

// tailOurs is a Balancer in a simulation. It picks something else for another attempt, and uses an aperture where it is to use a part only.
type tailOurs struct {
	*ourRival
	size, rank, callers int // of the aperture; a size of 0 is all
}

func newTailOurs(zone string) *tailOurs {
	return &tailOurs{ourRival: &ourRival{Balancer: balancer.New[int](balancer.LeastRequest(), balancer.PreferZone(zone))}}
}

func (o *tailOurs) narrowTo(size, rank, callers int) { o.size, o.rank, o.callers = size, rank, callers }

func (o *tailOurs) update(backends []backend) error {
	var items []balancer.Item[int]
	o.keys = make(map[int]string, len(backends))
	for _, b := range backends {
		items = append(items, balancer.Item[int]{Key: b.key, Weight: b.weight, Zone: b.zone, Started: b.started, Value: b.id})
		o.keys[b.id] = b.key
	}
	o.Update(balancer.Aperture(items, o.size, o.rank, o.callers))
	return nil
}

func (o *tailOurs) pickBut(id int) (t ticket, ok bool) {
	var err error
	t.id, t.ours, err = o.PickFor(balancer.Choice[int]{Tried: func(one int) bool { return one == id }})
	return t, err == nil
}

const (
	probesAtOnce = 3                      // after each call
	probesAtMost = 500                    // a second, of a client
	probeSpan    = 500 * time.Microsecond // until the answer
	probeLost    = 100 * time.Millisecond // after which there will be none
)

// prober asks instances for their load after calls, as package endpoint does.
type prober struct {
	*tailOurs
	world *sim.World
	ask   func(instance int) (inFlight int, answers bool)
	saved float64 // probes that it may send
	at    time.Duration
}

func (p *prober) done(t ticket, r result) {
	p.tailOurs.done(t, r)
	p.saved = min(p.saved+probesAtMost*(p.world.Now()-p.at).Seconds(), probesAtOnce)
	p.at = p.world.Now()
	answers := make(map[int]int, probesAtOnce)
	for ; p.saved >= 1 && len(answers) < probesAtOnce; p.saved-- {
		id, _, ok := p.Next()
		if !ok {
			break
		}
		if inFlight, answered := p.ask(id); answered {
			answers[id] = inFlight
		} else {
			p.world.After(probeLost, func() { p.silent(id) })
		}
	}
	p.world.After(probeSpan, func() {
		for id, inFlight := range answers {
			p.report(id, int64(inFlight))
		}
	})
}
