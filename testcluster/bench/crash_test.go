package main

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/testcluster"
)

const (
	vanishCalm      = time.Minute // virtual, of a cluster that has got used to its losses
	vanishPatience  = 2 * time.Minute
	vanishAftermath = time.Minute
)

// TestVanishFigures prints the rows of -what crash that are measured on virtual time.
func TestVanishFigures(t *testing.T) {
	for _, n := range askedSizes(t) {
		for _, loss := range losses {
			for _, s := range virtualSystems[:2] {
				printRows(t, vanishFigures(t, s, n, loss, *virtualRuns))
			}
		}
	}
}

// vanishFigures measures one system, each run on a network of another seed.
func vanishFigures(t *testing.T, s virtualSystem, n int, loss float64, runs int) []Row {
	f, scenario := newFigures("crash", system{name: s.name}, n), vanishScenario(loss)
	for seed := range uint64(runs) {
		t.Run(fmt.Sprintf("%s/n=%d/%v/%d", s.name, n, loss, seed+1), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				spreads, removed := s.start(t, n, seed+1).vanish(t, loss, int(seed)%n)
				_, missing := spreads[0].await(0)
				f.addIn(scenario, metricCrash, "ms", milliseconds(soFar(spreads[0], vanishPatience)))
				f.addIn(scenario, metricUndropped, "count", float64(missing))
				f.addIn(scenario, metricSpared, "ms", milliseconds(soFar(spreads[1], vanishPatience)))
				f.addIn(scenario, metricRemoved, "count", float64(removed))
			})
		})
	}
	return f.rows()
}

// vanish takes one host off a network that loses datagrams. It gives how the death of its member has spread among the
// others by the end, and how many that live were removed from a view of those that do.
func (c virtualCluster) vanish(t *testing.T, loss float64, victim int) (spreads []*spread, removed int) {
	if _, full := c.settles(joinPatience); !full {
		t.Fatal("it did not come together")
	}
	c.network.SetNormal(virtualLoss(loss))
	time.Sleep(vanishCalm)
	name := c.names[victim]
	before := c.removed(victim)
	spreads = c.expectAll(slices.Concat(c.names[:victim], c.names[victim+1:]), death(name)...)
	c.hosts[victim].Vanish()
	spreads[0].await(vanishPatience)
	time.Sleep(vanishAftermath)
	return spreads, c.removed(victim) - before
}

func virtualLoss(loss float64) testcluster.Link {
	link := virtualLink
	link.Loss = loss
	return link
}

// removed counts how often one of the others left the view of one of the others.
func (c virtualCluster) removed(victim int) (sum int) {
	for i, lost := range c.lost {
		if i != victim {
			sum += lost.leaves(c.names[victim])
		}
	}
	return sum
}
