package main

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

const (
	healPatience = 10 * time.Minute // virtual, after the heal
	healLasts    = time.Minute      // that every view must stay full
	healLook     = 50 * time.Millisecond

	noticed = 45 * time.Second // a cut that lasts as long has torn every view
)

// TestHealFigures prints the rows of -what heal that are measured on virtual time.
func TestHealFigures(t *testing.T) {
	for _, n := range askedSizes(t) {
		for _, cut := range cuts {
			for _, s := range virtualSystems {
				printRows(t, healFigures(t, s, n, cut, *virtualRuns))
			}
		}
	}
}

// healFigures measures one system, each run on a network of another seed.
func healFigures(t *testing.T, s virtualSystem, n int, cut time.Duration, runs int) []Row {
	f := newFigures("heal", system{name: s.name}, n)
	for seed := range uint64(runs) {
		t.Run(fmt.Sprintf("%s/n=%d/%v/%d", s.name, n, cut, seed+1), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				took, merged := healAfter(t, s.start(t, n, seed+1), cut)
				f.addIn(cut.String(), metricHeal, "s", took.Seconds())
				f.addIn(cut.String(), metricUnhealed, "count", map[bool]float64{false: 1}[merged])
			})
		})
	}
	return f.rows()
}

// healAfter cuts a cluster into halves. It gives the time from the heal until every view was full for good.
func healAfter(t *testing.T, c virtualCluster, cut time.Duration) (took time.Duration, merged bool) {
	if _, full := c.settles(joinPatience); !full {
		t.Fatal("it did not come together before the cut")
	}
	half := len(c.hosts) / 2
	c.network.Cut(c.hosts[:half], c.hosts[half:])
	time.Sleep(cut)
	if cut >= noticed && c.full() {
		t.Errorf("nobody has noticed a cut after %v", cut)
	}
	c.network.Heal()
	return c.settles(healPatience)
}

// settles gives how long it takes until every view is full and stays so for healLasts: patience, if none has begun to by then.
func (c virtualCluster) settles(patience time.Duration) (took time.Duration, full bool) {
	begun := time.Now()
	since := begun
	for now := begun; now.Sub(since) < healLasts; now = time.Now() {
		if since.Sub(begun) >= patience {
			return patience, false
		}
		if !c.full() {
			since = now.Add(healLook)
		}
		time.Sleep(healLook)
	}
	return since.Sub(begun), true
}

func (c virtualCluster) full() bool {
	return !slices.ContainsFunc(c.listed, func(listed func() int) bool { return listed() != len(c.listed) })
}
