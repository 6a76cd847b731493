package main

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/testcluster/bench/sim"
)

// tailCaller has a rival pick in a simulation.
type tailCaller struct {
	rival
	client sim.Client
	call   call
}

// picksAgain is a rival that picks for another attempt, if it can something else than what failed.
type picksAgain interface {
	pickBut(id int) (ticket, bool)
}

// narrows is a rival that chooses itself which part of the backends it uses.
type narrows interface {
	narrowTo(size, rank, callers int)
}

func newTailCaller(r rival, about sim.Client) sim.Caller {
	if n, ok := r.(narrows); ok && about.Size > 0 {
		n.narrowTo(about.Size, about.Number, about.Of)
		about.Size = 0
	}
	c := &tailCaller{r, about, newCall("")}
	if sees, ok := r.(wired); ok {
		return wiredCaller{c, sees}
	}
	return c
}

func (c *tailCaller) Update(instances []sim.Instance) error {
	backends := make([]backend, len(instances))
	for i, one := range instances {
		backends[i] = backend{id: one.Number, key: keyOf(one.Number), weight: one.Weight, zone: one.Zone, started: one.Started}
	}
	return c.update(someOf(backends, c.client))
}

func keyOf(number int) string { return fmt.Sprintf("10.0.0.%d:80", number+1) }

func (c *tailCaller) Pick(avoid int) (instance int, done func(sim.Answer), ok bool) {
	t, ok := c.pickFor(avoid)
	return t.id, func(a sim.Answer) { c.done(t, resultOf(a)) }, ok
}

func (c *tailCaller) pickFor(avoid int) (ticket, bool) {
	if again, ok := c.rival.(picksAgain); ok && avoid >= 0 {
		return again.pickBut(avoid)
	}
	return c.pick(c.call)
}

func resultOf(a sim.Answer) (r result) {
	if r.outcome = balancer.Success; a.Failed {
		r.outcome = balancer.Failure
	}
	if a.Load.Rate > 0 {
		r.load = newLoad(a.Load.Rate, 0, a.Load.Utilization)
	}
	return r
}

func (c *tailCaller) Close() { c.close() }

// wiredCaller is for rivals that see connections.
type wiredCaller struct {
	*tailCaller
	wired wired
}

func (c wiredCaller) Reset(instance int)   { c.wired.reset(instance) }
func (c wiredCaller) Restore(instance int) { c.wired.restore(instance) }

// someOf draws for each client its own part of the backends, which stays nearly the same as they come and go. Source: gRFC A68,
// random subsetting.
func someOf(backends []backend, client sim.Client) []backend {
	if client.Size == 0 || client.Size >= len(backends) {
		return backends
	}
	rank := func(b backend) uint64 { return scrambled(uint64(client.Number)<<32 | uint64(b.id)) }
	slices.SortFunc(backends, func(a, b backend) int { return cmp.Compare(rank(a), rank(b)) })
	return backends[:client.Size]
}

// scrambled is the finalizer of SplitMix64.
func scrambled(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
