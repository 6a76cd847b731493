package main

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/grapevine-go/grapevine/testcluster/bench/sim"
)

const (
	liveServers = 10
	liveWorkers = 2 // of a server
	liveClients = 10
	liveWork    = 10 * time.Millisecond // on average, as in the simulation
	liveRTT     = 300 * time.Microsecond

	metricLate     = "late" // by how much later than it should a request was sent: what the host adds
	simulatedAlike = ", simulated"
)

var liveLoads = []float64{0.7, 0.9}

// liveScenario is the simulation of the same.
func liveScenario(load float64, span time.Duration) sim.Scenario {
	return sim.Scenario{Name: liveName(load), Backends: liveServers, Clients: liveClients, Load: load, Span: span, RTT: liveRTT, Tries: 1, Workers: []int{liveWorkers}}
}

func liveName(load float64) string { return fmt.Sprintf("%.0f %% load", 100*load) }

// benchLive measures real servers, then has a test simulate the same.
func benchLive(o options) (rows []Row, err error) {
	rows, err = runLive(o, liveLoads...)
	simulated, failed := measureByTest(o.say, "TestLiveFigures", fmt.Sprintf("-live.runs=%d", o.runs))
	return append(rows, simulated...), errors.Join(err, failed)
}

func runLive(o options, loads ...float64) ([]Row, error) {
	f, err := startLiveFleet()
	defer f.close()
	if err != nil {
		return nil, err
	}
	all := make([]*figures, len(liveContenders))
	for i, c := range liveContenders {
		all[i] = newFigures("live", system{name: c.name}, liveServers)
	}
	for run := range o.runs {
		for _, load := range loads {
			for i, c := range liveContenders {
				err = errors.Join(err, f.measure(o, all[i], c, load, uint64(run+1)))
			}
		}
	}
	var rows []Row
	for _, one := range all {
		rows = append(rows, one.rows()...)
	}
	return rows, err
}

func (f *liveFleet) measure(o options, figures *figures, c liveContender, load float64, seed uint64) error {
	r, err := f.run(c, load, o, seed)
	if err != nil {
		return fmt.Errorf("%s, %s: %w", c.name, liveName(load), err)
	}
	o.say("live: %s, %s, run %d: p99 %.1f ms, late %.1f ms, %d of %d failed: %v", c.name, liveName(load), seed,
		percentile(r.latency, 99), percentile(r.late, 99), r.failed, r.failed+len(r.latency), r.firstError)
	figures.addIn(liveName(load), metricMedian, "ms", percentile(r.latency, 50))
	figures.addIn(liveName(load), metricP99, "ms", percentile(r.latency, 99))
	figures.addIn(liveName(load), metricFailing, "%", percent(r.failed, r.failed+len(r.latency)))
	figures.addIn(liveName(load), metricLate, "ms", percentile(r.late, 99))
	return nil
}

// liveMarks hold what was measured beside what was simulated, for information: the host decides upon it, too.
func liveMarks(rows []Row) (marks []mark) {
	for _, load := range liveLoads {
		for _, c := range liveContenders {
			for _, metric := range []string{metricMedian, metricP99} {
				m := mark{fmt.Sprintf("%s, %s, %s, measured / simulated", metric, liveName(load), c.name), math.NaN(), math.Inf(1)}
				real, ok1 := lookUp(rows, c.name, metric, liveName(load), liveServers)
				simulated, ok2 := lookUp(rows, c.simulated, metric, liveName(load)+simulatedAlike, liveServers)
				if ok1 && ok2 && simulated.P50 > 0 {
					m.value = real.P50 / simulated.P50
				}
				marks = append(marks, m)
			}
		}
	}
	return marks
}
