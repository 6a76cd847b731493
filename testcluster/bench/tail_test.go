package main

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/testcluster/bench/sim"
)

// tiny is a scenario, or all of them in one, with so few requests that the figures say nothing.
var tiny = sim.Scenario{Name: "tiny", Backends: 6, Clients: 6, Load: 0.5, Span: time.Second, RTT: time.Millisecond,
	Tries: 2, Zones: []string{"a", "b"}, Demand: []float64{2, 1}, Subset: 4, Workers: []int{1, 2}}

func TestTailHasARow(t *testing.T) {
	s := tiny
	s.Spare = 1
	rows := tailFigures(t, s, contenderNames, 2)
	checkRows(t, "tail", rows, each(contenderNames, "/latency, p50/tiny", "/latency, p99/tiny", "/latency, p99.9/tiny",
		"/failed requests/tiny", "/failed attempts/tiny", "/to other zones/tiny", "/busiest / mean/tiny", "/share of a new one/tiny, second 1"))
	for _, r := range rows {
		if strings.HasPrefix(r.Metric, "latency") && r.P50 < 1 || strings.HasPrefix(r.Metric, "failed") && r.Max > 0 {
			t.Errorf("row %+v", r)
		}
	}
}

// TestOursUsesWhatItIsTold looks for what only its own adapter hands to the default rule: its zone, its aperture, its probes.
func TestOursUsesWhatItIsTold(t *testing.T) {
	s := tiny
	s.Subset, s.Load, s.Demand = 0, 0.2, nil
	// Of 180 attempts p2c keeps half in the zone and ours nine tenths; chance alone moves neither as far as three quarters.
	for name, local := range map[string]bool{probingOurs: true, plainOurs: true, plainP2C: false} {
		if r := tailRun(t, s, name, 1); (r.Local > r.Attempts*3/4) != local {
			t.Errorf("%s: %d of %d stay in their zone", name, r.Local, r.Attempts)
		}
	}
	busy := sim.Even("busy", 0.9)
	busy.Span = 2 * time.Second
	with, without := tailRun(t, busy, probingOurs, 1), tailRun(t, busy, plainOurs, 1)
	if with.Latency.Percentile(99) > without.Latency.Percentile(99)*9/10 {
		t.Errorf("p99 with probes %v, without %v", with.Latency.Percentile(99), without.Latency.Percentile(99))
	}
}

func TestSomeOf(t *testing.T) {
	all := make([]backend, 20)
	for i := range all {
		all[i].id = i
	}
	count := make(map[int]int)
	for number := range 1000 {
		client := sim.Client{Number: number, Size: 5}
		some := someOf(slices.Clone(all), client)
		for _, b := range some {
			count[b.id]++
		}
		gone := some[0]
		fewer := someOf(slices.DeleteFunc(slices.Clone(all), func(b backend) bool { return b == gone }), client)
		if len(some) != 5 || !slices.Equal(some[1:], fewer[:4]) {
			t.Fatalf("client %d has %v, and %v without the first", number, some, fewer)
		}
	}
	for id, n := range count {
		if math.Abs(float64(n-250)) > 5*math.Sqrt(250) {
			t.Errorf("%d clients use backend %d, want about 250", n, id)
		}
	}
}

func TestTailMarks(t *testing.T) {
	row := func(scenario, name, metric string, value float64) Row {
		return Row{System: name, Scenario: scenario, Metric: metric}.of(value)
	}
	rows := []Row{
		row(sim.At70, probingOurs, metricP99, 50),
		row(sim.At90, probingOurs, metricP99, 55), row(sim.At90, plainP2C, metricP99, 70), row(sim.At90, grpcWRR, metricP99, 80),
		row(sim.Cold, probingOurs, metricP99, 80), row(sim.Cold, peakEWMA, metricP99, 100), row(sim.Cold, plainP2C, metricP99, 90),
		row(sim.Cold, plainOurs, metricP99, 10),
		row(sim.FailingOne, probingOurs, metricP99, 51), row(sim.FailingOne, probingOurs, metricFailing, 0.2),
		row(sim.Crashes, probingOurs, metricFailing, 0.1),
		row(sim.OneFailure, probingOurs, metricWithout, 5), row(sim.OneFailure, plainOurs, metricWithout, 7),
		row(sim.Cut, probingOurs, metricWithout, 4), row(sim.Flawed, probingOurs, metricP99, 53),
		row(sim.Zones, probingOurs, metricRemote, 41), row(sim.Zones, probingOurs, metricUneven, 1.1),
		// What fails more is no better, however fast.
		row(sim.FailingOne, plainP2C, metricP99, 60), row(sim.FailingOne, plainP2C, metricFailing, 0.2),
		row(sim.FailingOne, grpcWRR, metricP99, 40), row(sim.FailingOne, grpcWRR, metricFailing, 2),
	}
	for _, name := range []string{probingOurs, peakEWMA, plainP2C, grpcWRR} {
		rows = append(rows, row(sim.Cold, name, metricFailing, 0), row(sim.At90, name, metricFailing, 0))
	}
	const want = `met              p99, 90 % load, LeastRequest+probes / p2c: 0.79, 0.8 at most
MISSED           p99, 90 % load, LeastRequest+probes / grpc weighted_round_robin: 0.69, 0.65 at most
not measured     p99, capacities 1:4, LeastRequest+probes / PeakEWMA, 0.3 at most
not measured     p99, antagonists, LeastRequest+probes / kratos p2c, 0.6 at most
MISSED           p99, 10 of 50 cold, LeastRequest+probes / p2c, the best peer: 0.89, 0.8 at most
MISSED           failed requests, %, one fails at once, LeastRequest+probes: 0.20, 0.1 at most
met              p99, LeastRequest+probes, one fails at once / none does: 1.02, 1.05 at most
met              failed requests, %, crash restarts, LeastRequest+probes: 0.10, 0.1 at most
not measured     p99, 400 clients, LeastRequest+probes / p2c, 0.65 at most
MISSED           to other zones, %, three zones, LeastRequest+probes: 41.00, 40 at most
met              busiest / mean, three zones, LeastRequest+probes: 1.10, 1.1 at most
met              longest without a call, s, one failure and one caller, LeastRequest+probes: 5.00, 6 at most
MISSED           longest without a call, s, one failure and one caller, LeastRequest: 7.00, 6 at most
met              longest without a call, s, cut and healed, LeastRequest+probes: 4.00, 10 at most
not measured     longest without a call, s, cut and healed, LeastRequest, 10 at most
MISSED           p99, LeastRequest+probes, 1 % random failures everywhere / none does: 1.06, 1.05 at most
for information  p99, 90 % load, LeastRequest+probes / p2c, the best peer: 0.79
for information  p99, one fails at once, LeastRequest+probes / p2c, the best peer: 0.85
for information  p99, 10 of 50 cold, LeastRequest+probes / p2c, the best peer: 0.89
`
	if got := verdicts(tailMarks(rows)); got != want {
		t.Errorf("marks:\n%swant:\n%s", got, want)
	}
}

func TestTailMarksWithoutRows(t *testing.T) {
	got := verdicts(tailMarks(nil))
	if strings.Count(got, "not measured") != strings.Count(got, "\n") || !strings.Contains(got, probingOurs+" / the best peer, 0.8 at most") {
		t.Errorf("marks:\n%s", got)
	}
}
