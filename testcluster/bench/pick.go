package main

import (
	"fmt"
	"math"
	"time"
)

const (
	metricPick        = "pick"
	metricAllocations = "allocations"

	pickSerial   = "serial"
	pickParallel = "parallel"
	pickDirect   = ", direct"       // by a loop around the Balancer itself
	pickReports  = ", with reports" // after the name of a system that is fed with what backends say of their load

	harness = "(harness)" // picks the first: what the loop takes by itself
)

var pickSizes = []int{10, 100, 1_000, 10_000}

// pickEffort is how much is measured. A figure is the best of rounds, as anything else that goes on can only add to it.
type pickEffort struct {
	sizes  []int
	runs   int // figures
	rounds int // of each
	round  time.Duration
}

// benchPick has a test measure, as one of the rivals is for tests only.
func benchPick(o options) ([]Row, error) { return benchVirtual(o, "TestPickFigures") }

const (
	mostPick       = 50 // ns, of pick and done
	mostPickProbed = 90
	mostGrowth     = 1.5 // from the smallest to the largest set
)

// promisedPicks are of ours. Policies that time each call, or look for the home of a key, were promised nothing.
var promisedPicks = map[string]float64{
	"RoundRobin": mostPick, "Random": mostPick, "WeightedRoundRobin": mostPick, "WeightedRandom": mostPick,
	"LeastRequest": mostPick, "LeastRequest" + pickReports: mostPickProbed,
	"PeakEWMA": math.Inf(1), "RingHash": math.Inf(1), "Maglev": math.Inf(1),
}

func pickMarks(rows []Row) (marks []mark) {
	for _, name := range pickNames() {
		most := promisedPicks[name]
		for _, n := range sizesOf(rows, metricPick) {
			marks = append(marks, limit(rows, name, metricPick, pickSerial+pickDirect, n, most), limit(rows, name, metricPick, pickParallel+pickDirect, n, most),
				limit(rows, name, metricAllocations, "", n, 0))
		}
		if !math.IsInf(most, 1) {
			marks = append(marks, growth(rows, name))
		}
	}
	return marks
}

// pickNames are those of promisedPicks in the order of ourMakers.
func pickNames() (names []string) {
	for _, m := range ourMakers {
		names = append(names, m.name)
		if probed := m.name + pickReports; promisedPicks[probed] > 0 {
			names = append(names, probed)
		}
	}
	return names
}

func growth(rows []Row, name string) mark {
	least, most := pickSizes[0], pickSizes[len(pickSizes)-1]
	m := mark{fmt.Sprintf("%s %s, n=%d / n=%d, %s", metricPick, pickSerial, most, least, name), math.NaN(), mostGrowth}
	small, ok1 := lookUp(rows, name, metricPick, pickSerial+pickDirect, least)
	large, ok2 := lookUp(rows, name, metricPick, pickSerial+pickDirect, most)
	if ok1 && ok2 {
		m.value = large.P50 / small.P50
	}
	return m
}
