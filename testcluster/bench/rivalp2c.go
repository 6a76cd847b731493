package main

import (
	"math/rand/v2"
	"sync/atomic"
)

// p2cMaker is the plain rule that others are held against: of two different ones that are drawn by lot, the one with fewer
// calls of this caller in flight, the first on a tie.
//
// Source: Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", IEEE TPDS 12(10), 2001.
var p2cMaker = maker{name: "p2c", make: func(setup) (rival, error) { return new(p2c), nil }}

type p2c struct{ set atomic.Pointer[[]*inFlight] }

// inFlight counts the calls that a backend has of one caller.
type inFlight struct {
	id    int
	calls atomic.Int64
}

func (p *p2c) update(backends []backend) error {
	known := make(map[int]*inFlight)
	for _, one := range p.all() {
		known[one.id] = one
	}
	set := make([]*inFlight, len(backends))
	for i, b := range backends {
		if set[i] = known[b.id]; set[i] == nil {
			set[i] = &inFlight{id: b.id}
		}
	}
	p.set.Store(&set)
	return nil
}

func (p *p2c) all() []*inFlight {
	if set := p.set.Load(); set != nil {
		return *set
	}
	return nil
}

func (p *p2c) pick(call) (ticket, bool) {
	set := p.all()
	if len(set) == 0 {
		return ticket{}, false
	}
	one := set[rand.IntN(len(set))]
	if len(set) > 1 {
		one = lessBusy(one, set)
	}
	one.calls.Add(1)
	return ticket{id: one.id, counts: one}, true
}

func lessBusy(first *inFlight, set []*inFlight) *inFlight {
	second := set[rand.IntN(len(set)-1)]
	if second == first {
		second = set[len(set)-1]
	}
	if second.calls.Load() < first.calls.Load() {
		return second
	}
	return first
}

func (p *p2c) done(t ticket, _ result) { t.counts.calls.Add(-1) }
func (p *p2c) close()                  {}
