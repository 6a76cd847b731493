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
	return options{sizes: []int{3}, runs: 1, say: t.Logf, effort: effort{
		batches: 2, datagrams: 20, messages: 2, handshakes: 4, mesh: 3, registrations: 2, restarts: 1,
		rest: 10 * time.Millisecond, settle: 100 * time.Millisecond, window: 200 * time.Millisecond, patience: time.Second,
	}}
}

func TestEveryMetricHasARow(t *testing.T) {
	for name, tt := range map[string]struct {
		what   string
		bench  func(options) ([]Row, error)
		wanted []string
	}{
		"transport": {"transport", benchTransport, transportWanted()},
		"propagate": {"propagate", benchPropagate, each([]string{sealed, unsealed, bare, serfs, etcds}, "/propagation/", "/propagation, last/")},
		"restart":   {"heal", benchRestart, each([]string{sealed, unsealed, bare, serfs}, "/restart/", "/restart, not seen/")},
		"idle":      {"idle", benchIdle, append(idleWanted(sealed, unsealed, bare, serfs, etcds), etcds+"/heap/server")},
	} {
		t.Run(name, func(t *testing.T) {
			rows, err := tt.bench(small(t))
			if err != nil {
				t.Fatal(err)
			}
			checkRows(t, tt.what, rows, tt.wanted)
		})
	}
}

func TestHealHasARow(t *testing.T) {
	var rows []Row
	for _, s := range virtualSystems {
		rows = append(rows, healFigures(t, s, 4, 10*time.Second, 1)...)
	}
	checkRows(t, "heal", rows, each([]string{sealed, bare, serfs}, "/full view after a heal/10s", "/never merged/10s"))
}

func checkRows(t *testing.T, what string, rows []Row, wanted []string) {
	got := make(map[string]bool)
	for _, r := range rows {
		key := strings.Join([]string{r.System, r.Metric, r.Scenario}, "/")
		if got[key] || r.Runs < 1 || r.What != what || r.Unit == "" || r.P50 > r.P99 || r.P99 > r.Max {
			t.Errorf("row %+v", r)
		}
		got[key] = true
	}
	for _, key := range wanted {
		if !got[key] {
			t.Errorf("no row for %s", key)
		}
		delete(got, key)
	}
	if len(got) > 0 {
		t.Errorf("more rows than expected: %v", got)
	}
}

func each(systems []string, suffixes ...string) (keys []string) {
	for _, system := range systems {
		for _, suffix := range suffixes {
			keys = append(keys, system+suffix)
		}
	}
	return keys
}

func idleWanted(systems ...string) []string {
	return each(systems, "/settling bytes/", "/idle bytes/", "/idle bytes/datagrams", "/idle bytes/streams", "/heap/", "/goroutines/")
}

func transportWanted() []string {
	keys := append(idleWanted(sealed, unsealed, keyed, bare, over), each([]string{sealed, unsealed, keyed, bare, over}, "/join/", "/false leaves/")...)
	keys = append(keys, each([]string{sealed, unsealed, keyed, bare}, "/stream byte/loopback",
		"/datagram 64 B/memory", "/datagram 64 B/loopback", "/datagram 1000 B/memory", "/datagram 1000 B/loopback")...)
	keys = append(keys, each([]string{sealed, keyed}, "/sealing 64 B/memory", "/sealing 64 B/loopback", "/sealing 1000 B/memory", "/sealing 1000 B/loopback")...)
	keys = append(keys, each([]string{sealed, unsealed}, "/handshakes/1 at a time", "/handshakes/2 at a time")...)
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
	for _, s := range systems(sealed, unsealed, keyed, bare, over, serfs, etcds) {
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
