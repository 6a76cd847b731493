package main

import (
	"flag"
	"slices"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/testcluster/bench/sim"
)

var liveRuns = flag.Int("live.runs", 0, "runs for TestLiveFigures; 0 skips it")

// TestLiveFigures prints the rows of -what live that are simulated.
func TestLiveFigures(t *testing.T) {
	if *liveRuns == 0 {
		t.Skip("-live.runs asks for it")
	}
	for _, load := range liveLoads {
		printRows(t, liveSimulated(t, liveScenario(load, fullEffort.liveSpan), *liveRuns))
	}
}

func liveSimulated(t *testing.T, s sim.Scenario, runs int) (rows []Row) {
	s.Name += simulatedAlike
	var names []string
	known := make(map[string]bool)
	for _, c := range liveContenders {
		if !known[c.simulated] {
			known[c.simulated] = true
			names = append(names, c.simulated)
		}
	}
	for _, r := range tailFigures(t, s, names, runs) {
		if r.Metric == metricMedian || r.Metric == metricP99 {
			r.What = "live"
			rows = append(rows, r)
		}
	}
	return rows
}

func TestLiveHasARow(t *testing.T) {
	const load = 0.1 // more is not for a host that does much else
	o := small(t)
	o.liveWarmUp, o.liveSpan = 100*time.Millisecond, 200*time.Millisecond
	rows, err := runLive(o, load)
	if err != nil {
		t.Fatal(err)
	}
	s := liveScenario(load, time.Second)
	rows = append(rows, liveSimulated(t, s, 1)...)
	for _, c := range liveContenders {
		for _, metric := range []string{metricMedian, metricP99, metricFailing, metricLate} {
			if _, ok := lookUp(rows, c.name, metric, s.Name, liveServers); !ok {
				t.Errorf("no row for %s of %s", metric, c.name)
			}
		}
		if r, ok := lookUp(rows, c.simulated, metricP99, s.Name+simulatedAlike, liveServers); !ok || r.P50 < 10 {
			t.Errorf("simulation of %s: %+v", c.name, r)
		}
	}
}

func TestLiveMarks(t *testing.T) {
	row := func(name, scenario string, value float64) Row {
		return Row{System: name, Metric: metricP99, Scenario: scenario, N: liveServers}.of(value)
	}
	marks := liveMarks([]Row{row("gRPC, its round_robin", "70 % load", 55), row("grpc round_robin", "70 % load, simulated", 50)})
	const want = "for information  latency, p99, 70 % load, gRPC, its round_robin, measured / simulated: 1.10"
	if !slices.ContainsFunc(marks, func(m mark) bool { return m.String() == want }) {
		t.Errorf("marks:\n%sdo not have\n%s", verdicts(marks), want)
	}
}

// TestWorkersQueue gives two workers what they need a while for.
func TestWorkersQueue(t *testing.T) {
	var w workers
	now := time.Now()
	for i, want := range []time.Duration{30, 10, 30, 40} { // the third waits for the second, the fourth for the first or the third
		work := []time.Duration{30, 10, 20, 10}[i] * time.Millisecond
		if got := w.begin(now, work).Sub(now); got != want*time.Millisecond {
			t.Errorf("request %d is done after %v, want %v", i, got, want*time.Millisecond)
		}
	}
	if got := w.begin(now.Add(time.Second), time.Millisecond).Sub(now); got != time.Second+time.Millisecond {
		t.Errorf("one that comes later is done after %v", got)
	}
}
