package main

import (
	"errors"
	"fmt"
	"slices"
)

// The metrics of a cluster.
const (
	metricJoin       = "join"
	metricSettling   = "settling bytes" // all that a member sends until the idle time begins
	metricIdle       = "idle bytes"
	metricHeap       = "heap"
	metricGoroutines = "goroutines"
	metricLeaves     = "false leaves"
)

const mostGoroutines = 50 // of a member at the most, about

// benchClusters starts clusters of each system, one at a time. Files do not run out: package os raises the limit.
func benchClusters(o options) (rows []Row, err error) {
	reserveGoroutines(mostGoroutines * slices.Max(o.sizes))
	for _, n := range o.sizes {
		some, failed := clustersOf(o, n)
		rows, err = append(rows, some...), errors.Join(err, failed)
	}
	return rows, err
}

// clustersOf lets the systems take turns, so that what else happens on the host meets all of them. One that cannot be
// measured is left out from then on.
func clustersOf(o options, n int) (rows []Row, err error) {
	var results []*result
	for _, s := range clusterSystems() {
		results = append(results, &result{system: s})
	}
	for run := range o.runs {
		for _, r := range results {
			if r.err == nil {
				r.err = r.run(o, n, run == o.runs-1)
			}
		}
	}
	for _, r := range results {
		rows = append(rows, r.rows(n)...)
		if r.err != nil {
			err = errors.Join(err, fmt.Errorf("%s, n=%d: %w", r.system.name, n, r.err))
		}
	}
	return rows, err
}

// result is what came of the clusters of one system and size.
type result struct {
	system
	joins, leaves []float64
	idle          []Row // of the last
	err           error
}

func (r *result) row(n int) func(metric, unit string) Row {
	return func(metric, unit string) Row {
		return Row{What: "transport", System: r.name, N: n, Metric: metric, Unit: unit}
	}
}

// run starts a cluster and ends it. The last one is left alone for a while.
func (r *result) run(o options, n int, last bool) error {
	g, err := startGroup(r.system, n)
	if err != nil {
		return err
	}
	o.say("transport: %s, n=%d: joined in %v", r.name, n, g.joined)
	r.joins = append(r.joins, g.joined.Seconds()*1000)
	if last {
		r.idle = g.idle(o, r.row(n))
	}
	r.leaves = append(r.leaves, float64(g.leaves()))
	return g.close()
}

func (r *result) rows(n int) (rows []Row) {
	if len(r.joins) == 0 {
		return nil
	}
	rows = append(rows, r.row(n)(metricJoin, "ms").of(r.joins...))
	rows = append(rows, r.idle...)
	return append(rows, r.row(n)(metricLeaves, "count").of(r.leaves...))
}
