package main

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"
)

const (
	mostSeeds    = 3               // members that each one joins
	joinPatience = 5 * time.Minute // memberlist loses news of a member at times: then push/pull tells
)

// group is a cluster that runs.
type group struct {
	members    []member
	heap       uint64 // before
	goroutines int    // before
	joined     time.Duration
}

// startGroup starts n members one after another and waits until each lists all of them.
func startGroup(s system, n int) (*group, error) {
	g := &group{heap: liveHeap(), goroutines: runtime.NumGoroutine()}
	begun := time.Now()
	err := g.start(s, n)
	if err == nil {
		err = g.await(n)
	}
	if err != nil {
		return nil, errors.Join(err, g.close())
	}
	g.joined = time.Since(begun)
	return g, nil
}

func (g *group) start(s system, n int) error {
	var seeds []string
	for i := range n {
		m, err := s.kind.start(fmt.Sprintf("member-%d", i), seeds)
		if err != nil {
			return err
		}
		g.members = append(g.members, m)
		if len(seeds) < mostSeeds {
			seeds = append(seeds, m.address())
		}
	}
	return nil
}

func (g *group) await(n int) error {
	for until := time.Now().Add(joinPatience); ; time.Sleep(time.Millisecond) {
		i := g.lacking(n)
		if i < 0 {
			return nil
		}
		if time.Now().After(until) {
			return fmt.Errorf("member %d lists %d members after %v", i, g.members[i].listed(), joinPatience)
		}
	}
}

// lacking gives a member that does not list n, -1 for none.
func (g *group) lacking(n int) int {
	for i, m := range g.members {
		if m.listed() != n {
			return i
		}
	}
	return -1
}

func (g *group) sent() (sum traffic) {
	for _, m := range g.members {
		sum.datagrams += m.sent().datagrams
		sum.streams += m.sent().streams
	}
	return sum
}

func (g *group) leaves() (sum int) {
	for _, m := range g.members {
		sum += m.leaves()
	}
	return sum
}

// close ends all members at once and waits until nothing of them is left.
func (g *group) close() error {
	failures := make([]error, len(g.members))
	var work sync.WaitGroup
	for i, m := range g.members {
		work.Go(func() { failures[i] = m.close() })
	}
	work.Wait()
	return errors.Join(errors.Join(failures...), settle(g.goroutines))
}
