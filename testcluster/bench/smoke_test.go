package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// small is so little work that the figures say nothing.
func small(t *testing.T) options {
	return options{what: []string{"transport"}, sizes: []int{3}, runs: 1, say: t.Logf, effort: effort{
		batches: 2, datagrams: 20, messages: 2, handshakes: 4, mesh: 3,
		rest: 10 * time.Millisecond, settle: 100 * time.Millisecond, window: 200 * time.Millisecond,
	}}
}

func TestEveryMetricHasARow(t *testing.T) {
	rows, err := benchTransport(small(t))
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string]bool)
	for _, r := range rows {
		key := strings.Join([]string{r.System, r.Metric, r.Scenario}, "/")
		if got[key] || r.Runs < 1 || r.What != "transport" || r.Unit == "" || r.P50 > r.P99 || r.P99 > r.Max {
			t.Errorf("row %+v", r)
		}
		got[key] = true
	}
	for _, key := range wanted() {
		if !got[key] {
			t.Errorf("no row for %s", key)
		}
		delete(got, key)
	}
	if len(got) > 0 {
		t.Errorf("more rows than expected: %v", got)
	}
}

func wanted() (keys []string) {
	for _, system := range []string{sealed, unsealed, keyed, bare, over} {
		for _, metric := range []string{metricJoin, metricSettling, metricIdle, metricHeap, metricGoroutines, metricLeaves} {
			keys = append(keys, system+"/"+metric+"/")
		}
		keys = append(keys, system+"/idle bytes/datagrams", system+"/idle bytes/streams")
	}
	for _, system := range []string{sealed, unsealed, keyed, bare} {
		keys = append(keys, system+"/stream byte/loopback")
		for _, metric := range []string{"datagram 64 B", "datagram 1000 B"} {
			keys = append(keys, system+"/"+metric+"/memory", system+"/"+metric+"/loopback")
		}
	}
	for _, system := range []string{sealed, keyed} {
		for _, metric := range []string{"sealing 64 B", "sealing 1000 B"} {
			keys = append(keys, system+"/"+metric+"/memory", system+"/"+metric+"/loopback")
		}
	}
	for _, system := range []string{sealed, unsealed} {
		keys = append(keys, system+"/handshakes/1 at a time", system+"/handshakes/2 at a time")
	}
	return append(keys, sealed+"/heap of a peer/right after", sealed+"/heap of a peer/ciphers let go")
}

// TestWhatWasMeasuredIsShownBesideAnError runs a bench of which a part cannot be measured.
func TestWhatWasMeasuredIsShownBesideAnError(t *testing.T) {
	broken := errors.New("a part broke")
	benches["broken"] = func(options) ([]Row, error) { return someRows, broken }
	defer delete(benches, "broken")
	file := filepath.Join(t.TempDir(), "rows.json")
	var out strings.Builder
	if err := run(options{what: []string{"broken"}, json: file}, &out); !errors.Is(err, broken) {
		t.Errorf("run: %v", err)
	}
	if out.String() != table(someRows) {
		t.Errorf("shown:\n%s", out.String())
	}
	if _, err := os.Stat(file); err != nil {
		t.Error(err)
	}
}

// TestCounter counts what a member sends, on both sides of its streams.
func TestCounter(t *testing.T) {
	for _, s := range clusterSystems() {
		g, err := startGroup(s, 2)
		if err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		for i, m := range g.members {
			if sent := m.sent(); sent.streams == 0 {
				t.Errorf("%s: member %d sent %+v", s.name, i, sent)
			}
		}
		if err := g.close(); err != nil {
			t.Errorf("%s: %v", s.name, err)
		}
	}
}
