package main

import (
	"math"
	"slices"

	"github.com/grapevine-go/grapevine/testcluster/bench/sim"
)

// sameLatency is from when on a difference in p99 is one: chance alone makes 5 %.
const sameLatency = 1.05

// ownNames are not peers.
var ownNames = []string{probingOurs, plainOurs, peakEWMA}

// tailMarks are of our default rule with probes.
func tailMarks(rows []Row) []mark {
	p99 := func(scenario, other string, most float64) mark {
		return mark{"p99, " + scenario + ", " + probingOurs + " / " + other, p99Of(rows, scenario, probingOurs) / p99Of(rows, scenario, other), most}
	}
	best := func(scenario string, most float64) mark {
		name := bestPeer(rows, scenario)
		m := p99(scenario, name, most)
		m.name += ", the best peer"
		if name == "" {
			m.name = "p99, " + scenario + ", " + probingOurs + " / the best peer"
		}
		return m
	}
	of := func(name, scenario, metric, unit string, most float64) mark {
		return mark{metric + ", " + unit + scenario + ", " + name, median(rows, scenario, name, metric), most}
	}
	figure := func(scenario, metric, unit string, most float64) mark {
		return of(probingOurs, scenario, metric, unit, most)
	}
	unharmed := func(scenario, other string) mark {
		ratio := p99Of(rows, scenario, probingOurs) / p99Of(rows, other, probingOurs)
		return mark{"p99, " + probingOurs + ", " + scenario + " / none does", ratio, sameLatency}
	}
	marks := []mark{
		p99(sim.At90, plainP2C, 0.8), p99(sim.At90, grpcWRR, 0.65),
		p99(sim.Capacities, peakEWMA, 0.3),
		p99(sim.Antagonists, kratosP2C, 0.6),
		best(sim.Cold, 0.8),
		figure(sim.FailingOne, metricFailing, "%, ", 0.1),
		unharmed(sim.FailingOne, sim.At70),
		figure(sim.Crashes, metricFailing, "%, ", 0.1),
		p99(sim.Many, plainP2C, 0.65),
		figure(sim.Zones, metricRemote, "%, ", 40), figure(sim.Zones, metricUneven, "", 1.1),
		figure(sim.OneFailure, metricWithout, "s, ", 6), of(plainOurs, sim.OneFailure, metricWithout, "s, ", 6),
		figure(sim.Cut, metricWithout, "s, ", 10), of(plainOurs, sim.Cut, metricWithout, "s, ", 10),
		unharmed(sim.Flawed, sim.At70),
	}
	for _, s := range sim.Scenarios() {
		if !math.IsNaN(p99Of(rows, s.Name, probingOurs)) && bestPeer(rows, s.Name) != "" {
			marks = append(marks, best(s.Name, math.Inf(1)))
		}
	}
	return marks
}

func p99Of(rows []Row, scenario, contender string) float64 {
	return median(rows, scenario, contender, metricP99)
}

// median is that of the seeds, or NaN.
func median(rows []Row, scenario, contender, metric string) float64 {
	for _, r := range rows {
		if r.System == contender && r.Metric == metric && r.Scenario == scenario {
			return r.P50
		}
	}
	return math.NaN()
}

// bestPeer has the least p99 of those that fail no more requests than ours does, to 0.1 %.
func bestPeer(rows []Row, scenario string) (best string) {
	least := math.Inf(1)
	allowed := median(rows, scenario, probingOurs, metricFailing) + 0.1
	for _, name := range contenderNames {
		if p99 := p99Of(rows, scenario, name); !slices.Contains(ownNames, name) && p99 < least && median(rows, scenario, name, metricFailing) <= allowed {
			best, least = name, p99
		}
	}
	return best
}
