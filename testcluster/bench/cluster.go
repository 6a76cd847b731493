package main

// The metrics of a cluster.
const (
	metricJoin        = "join"
	metricSettling    = "settling bytes" // all that a member sends until the idle time begins
	metricIdle        = "idle bytes"
	metricHeap        = "heap"
	metricGoroutines  = "goroutines"
	metricConnections = "connections"
	metricLeaves      = "false leaves"
)

// benchClusters starts clusters and leaves the last one of each system alone for a while.
func benchClusters(o options) ([]Row, error) {
	return trial{what: "transport", systems: systems(sealed, unsealed, keyed, bare, over), weighed: true, measure: joinAndRest}.bench(o)
}

func joinAndRest(o options, g *group, f *figures, last bool) error {
	f.add(metricJoin, "ms", milliseconds(g.joined))
	if last {
		g.idle(o, f)
	}
	f.add(metricLeaves, "count", float64(g.leaves()))
	return nil
}
