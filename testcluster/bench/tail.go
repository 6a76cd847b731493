package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/grapevine-go/grapevine/testcluster/bench/sim"
)

const (
	metricMedian  = "latency, p50"
	metricP99     = "latency, p99"
	metricP999    = "latency, p99.9"
	metricFailing = "failed requests"
	metricBroken  = "failed attempts"
	metricRemote  = "to other zones"
	metricUneven  = "busiest / mean"
	metricWithout = "longest without a call" // of a backend, once nothing is wrong any more
	metricNewOnes = "share of a new one"     // of all picks, in relation to that of a backend if all had the same
)

// benchTail runs the simulation.
func benchTail(o options) ([]Row, error) {
	rows, err := measureByTest(o.say, "TestTailFigures", o.simulated.args()...)
	if o.svg != "" {
		err = errors.Join(err, writePlots(o.svg, rows))
	}
	return rows, err
}

// tailRows has a sample of each result.
func tailRows(s sim.Scenario, name string, results []sim.Result) []Row {
	f := newFigures("tail", system{name: name}, s.Backends)
	for _, r := range results {
		f.addIn(s.Name, metricMedian, "ms", milliseconds(r.Latency.Percentile(50)))
		f.addIn(s.Name, metricP99, "ms", milliseconds(r.Latency.Percentile(99)))
		f.addIn(s.Name, metricP999, "ms", milliseconds(r.Latency.Percentile(99.9)))
		f.addIn(s.Name, metricFailing, "%", percent(r.Failed, r.Requests))
		if s.Tries > 1 {
			f.addIn(s.Name, metricBroken, "%", percent(r.Broken, r.Attempts))
		}
		if s.Well > 0 {
			f.addIn(s.Name, metricWithout, "s", r.Without.Seconds())
		}
		if s.Spare > 0 {
			addNewOnes(f, s, r)
		}
		if len(s.Zones) > 0 {
			f.addIn(s.Name, metricRemote, "%", percent(r.Attempts-r.Local, r.Attempts))
		}
		if len(s.Zones) > 0 || s.Subset > 0 {
			f.addIn(s.Name, metricUneven, "ratio", float64(slices.Max(r.Picks))*float64(len(r.Picks))/float64(r.Attempts))
		}
	}
	return f.rows()
}

// addNewOnes has one sample for each second.
func addNewOnes(f *figures, s sim.Scenario, r sim.Result) {
	for second, picks := range r.Bins {
		all, new := 0, 0
		for i, n := range picks {
			if all += n; i >= s.Backends {
				new += n
			}
		}
		f.addIn(inSecond(s.Name, second), metricNewOnes, "ratio", percent(new*s.Backends, all*s.Spare)/100)
	}
}

func inSecond(scenario string, second int) string {
	return fmt.Sprintf("%s, second %d", scenario, second+1)
}

func percent(part, whole int) float64 { return 100 * float64(part) / float64(max(whole, 1)) }
