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
	return options{sizes: []int{3}, runs: 1, rate: 100, requests: 20, slow: 1, say: t.Logf, effort: effort{
		batches: 2, datagrams: 20, messages: 2, handshakes: 4, mesh: 3, registrations: 2, restarts: 1,
		rest: 10 * time.Millisecond, settle: 100 * time.Millisecond, window: 200 * time.Millisecond, patience: time.Second,
		crashes: 1, crashPatience: 300 * time.Millisecond, goodbyes: 1,
		servers: 2, callers: 1, rollPause: 100 * time.Millisecond,
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
		"crash":     {"crash", benchKill, each([]string{sealed, unsealed, bare, serfs, etcds}, "/crash/", "/crash, not seen/", "/crash, not called/", "/live members removed/")},
		"leave":     {"leave", benchLeave, each([]string{sealed, unsealed, bare, serfs, etcds}, "/leave/", "/leave, call/", "/leave, not seen/")},
		"idle":      {"idle", benchIdle, idleWanted(sealed, blind, unsealed, bare, serfs, etcds)},
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

// TestVanishHasARow and TestHealHasARow measure on virtual time.
func TestVanishHasARow(t *testing.T) {
	var rows []Row
	for _, s := range virtualSystems[:2] {
		rows = append(rows, vanishFigures(t, s, 4, 0.1, 1)...)
	}
	checkRows(t, "crash", rows, each([]string{sealed, bare}, each([]string{"/crash", "/crash, not seen", "/crash, not called", "/live members removed"}, "/host vanishes, 10 % loss")...))
}

func TestFalseHasARow(t *testing.T) {
	var rows []Row
	for _, s := range virtualSystems[:2] {
		rows = append(rows, falseFigures(t, s, 4, 10*time.Second, 1)...)
	}
	wanted := []string{"/live members removed/" + starvedOwn}
	for _, trouble := range troubles {
		wanted = append(wanted, "/live members removed/"+trouble.scenario, "/lived through/"+trouble.scenario)
	}
	checkRows(t, "false", rows, each([]string{sealed, bare}, wanted...))
}

// TestRollingHasARow makes do with one way for each system.
func TestRollingHasARow(t *testing.T) {
	var rows []Row
	for name, r := range map[string]roll{sealed: rolls[0], bare: rolls[2]} {
		f := newFigures("rolling", systems(name)[0], 2)
		if err := rollOnce(small(t), f, r); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		rows = append(rows, f.rows()...)
	}
	checkRows(t, "rolling", rows, append(
		each([]string{sealed}, "/requests/SIGTERM", "/failed/SIGTERM", "/failed, share/SIGTERM"),
		each([]string{bare}, "/requests/kill -9, one retry", "/failed/kill -9, one retry", "/failed, share/kill -9, one retry")...))
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
	return each(systems, "/settling bytes/", "/idle bytes/", "/idle bytes/datagrams", "/idle bytes/streams", "/heap/", "/goroutines/", "/connections/")
}

func transportWanted() []string {
	keys := append(idleWanted(sealed, unsealed, keyed, bare, over), each([]string{sealed, unsealed, keyed, bare, over}, "/join/", "/false leaves/")...)
	keys = append(keys, each([]string{sealed, unsealed, keyed, bare}, "/stream byte/loopback",
		"/datagram 64 B/memory", "/datagram 64 B/loopback", "/datagram 1000 B/memory", "/datagram 1000 B/loopback")...)
	keys = append(keys, each([]string{sealed, keyed}, "/sealing 64 B/memory", "/sealing 64 B/loopback", "/sealing 1000 B/memory", "/sealing 1000 B/loopback")...)
	keys = append(keys, each([]string{sealed, unsealed}, "/handshakes/1 at a time", "/handshakes/2 at a time")...)
	return append(keys, sealed+"/heap of a peer/right after", sealed+"/heap of a peer/ciphers let go")
}

// TestStartHasARow starts few members in this process: the bench has a child of its own for them.
func TestStartHasARow(t *testing.T) {
	r, err := startTogether(4, 2)
	if err != nil {
		t.Fatal(err)
	}
	f := newFigures("start", systems(sealed)[0], 4)
	r.addTo(f, "2 at a time")
	var wanted []string
	for _, metric := range []string{metricFullViews, metricClose, metricCPU, metricRemoved, metricFlood, metricHandshakes, metricUnproven,
		metricDials, metricMostRoutes, metricMostFiles} {
		wanted = append(wanted, "/"+metric+"/2 at a time")
	}
	checkRows(t, "start", f.rows(), each([]string{sealed}, wanted...))
	if r.Removed > 0 || r.Least != 4 {
		t.Errorf("started: %+v", r)
	}
	for _, m := range startMarks(f.rows()) {
		if m.verdict() != "met" {
			t.Error(m)
		}
	}
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
