package main

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

const (
	mostSeeds    = 3               // members that each one joins
	joinPatience = 5 * time.Minute // memberlist loses news of a member at times: then push/pull tells
)

// group is a cluster that runs.
type group struct {
	lookout
	system       string // its name
	kind         kind
	members      []named
	before, base usage        // without anything; without the members, but with what hosts them
	shut         func() error // nil where nothing hosts them
	joined       time.Duration
}

type named struct {
	member
	name string
}

// startGroup starts n members one after another and waits until each lists all of them.
func startGroup(s system, n int) (*group, error) {
	g := &group{system: s.name, kind: s.kind, before: measureUsage()}
	g.base = g.before
	if err := g.open(); err != nil {
		return nil, err
	}
	begun := time.Now()
	err := g.start(n)
	if err == nil {
		err = g.await(n)
	}
	if err != nil {
		return nil, errors.Join(err, g.close())
	}
	g.joined = time.Since(begun)
	return g, nil
}

// open starts what hosts the members, if anything does.
func (g *group) open() error {
	h, ok := g.kind.(hosted)
	if !ok {
		return nil
	}
	members, shut, err := h.open()
	if err != nil {
		return err
	}
	g.kind, g.shut, g.base = members, shut, measureUsage()
	return nil
}

func (g *group) start(n int) error {
	for i := range n {
		if err := g.add(fmt.Sprintf("member-%d", i)); err != nil {
			return err
		}
	}
	return nil
}

// add starts a member that joins the first ones.
func (g *group) add(name string) error {
	m, err := g.kind.start(name, g.seeds(), g.of(name))
	if err != nil {
		return err
	}
	g.members = append(g.members, named{m, name})
	return nil
}

// seeds gives whom a new member joins.
func (g *group) seeds() (addresses []string) {
	for _, m := range g.members[:min(mostSeeds, len(g.members))] {
		addresses = append(addresses, m.address())
	}
	return addresses
}

func (g *group) await(n int) error {
	for until := time.Now().Add(joinPatience); ; time.Sleep(time.Millisecond) {
		i := slices.IndexFunc(g.members, func(m named) bool { return m.listed() != n })
		if i < 0 {
			return nil
		}
		if time.Now().After(until) {
			return fmt.Errorf("%s lists %d members after %v", g.members[i].name, g.members[i].listed(), joinPatience)
		}
	}
}

// others gives the names of all members but one.
func (g *group) others(name string) (names []string) {
	for _, m := range g.members {
		if m.name != name {
			names = append(names, m.name)
		}
	}
	return names
}

// close ends all members at once and waits until nothing of them is left.
func (g *group) close() error {
	failures := make([]error, len(g.members))
	var work sync.WaitGroup
	for i, m := range g.members {
		work.Go(func() { failures[i] = m.close() })
	}
	work.Wait()
	if g.shut != nil {
		failures = append(failures, g.shut())
	}
	return errors.Join(errors.Join(failures...), settle(g.before.goroutines))
}
