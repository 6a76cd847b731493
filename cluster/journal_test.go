package cluster_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/testcluster"
)

// logged is a line of a log, taken apart.
type logged map[string]any

// since takes the lines apart that were written after the first few.
func (l *lines) since(t *testing.T, first int) (all []logged) {
	t.Helper()
	for _, text := range l.all()[first:] {
		var one logged
		if err := json.Unmarshal([]byte(text), &one); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		all = append(all, one)
	}
	return all
}

// own drops what memberlist says.
func own(all []logged) []logged {
	return slices.DeleteFunc(all, func(l logged) bool { return strings.HasPrefix(fmt.Sprint(l["message"]), "memberlist:") })
}

// has reports whether there is a line with this start of its message, this level, and these keys
// beside them.
func has(all []logged, message, level string, keys ...string) bool {
	return slices.ContainsFunc(all, func(l logged) bool {
		for _, key := range keys {
			if _, there := l[key]; !there {
				return false
			}
		}
		return strings.HasPrefix(fmt.Sprint(l["message"]), message) && l["level"] == level && len(l) == len(keys)+2
	})
}

// TestJournal has one thing happen to a member of five, or to three.
func TestJournal(t *testing.T) {
	for name, tt := range map[string]struct {
		do      func(*testcluster.Cluster, *testcluster.Member)
		hit     int
		message string
		keys    []string
	}{
		"joined": {func(c *testcluster.Cluster, _ *testcluster.Member) {
			c.Run(c.Network.Host(), cluster.Config{Name: "new"})
		}, 1, "cluster: member joined", []string{"member", "address"}},
		"joined, three": {func(c *testcluster.Cluster, _ *testcluster.Member) {
			c.Run(c.Network.Host(), cluster.Config{})
		}, 3, "cluster: members joined", []string{"count", "members"}},
		"restarted": {func(c *testcluster.Cluster, m *testcluster.Member) { c.Restart(m) },
			1, "cluster: member restarted: calls go to", []string{"member", "address"}},
		"left": {func(c *testcluster.Cluster, m *testcluster.Member) { c.Leave(m) },
			1, "cluster: member left: no calls go to it", []string{"member", "address"}},
		"died": {func(c *testcluster.Cluster, m *testcluster.Member) { c.Kill(m) },
			1, "cluster: member died: no calls go to it", []string{"member", "address", "evidence"}},
		"died, two": {func(c *testcluster.Cluster, m *testcluster.Member) { c.Kill(m) },
			2, "cluster: members died: no calls go to them", []string{"count", "members", "evidence"}},
		"suspected": {func(c *testcluster.Cluster, m *testcluster.Member) {
			c.Pause(m)
			time.Sleep(5 * time.Second)
			c.Resume(m)
		},
			1, "cluster: member suspected: it is called only where nothing else is left", []string{"member", "address", "evidence"}},
		"recovered": {func(c *testcluster.Cluster, m *testcluster.Member) {
			c.Pause(m)
			time.Sleep(5 * time.Second)
			c.Resume(m)
		},
			1, "cluster: member recovered: calls go to it again", []string{"member", "address"}},
	} {
		t.Run(name, func(t *testing.T) {
			virtual(t, 5, func(t *testing.T, c *testcluster.Cluster) {
				var log lines
				hit := slices.Clone(c.Members[5-tt.hit:])
				c.Run(c.Network.Host(), cluster.Config{Name: "writer", Logger: zerolog.New(&log)})
				time.Sleep(20 * time.Second)
				before := len(log.all())
				for _, m := range hit {
					tt.do(c, m)
				}
				time.Sleep(10 * time.Second)
				all := own(log.since(t, before))
				if !has(all, tt.message, "info", tt.keys...) {
					t.Errorf("no line %q with %v:\n%v", tt.message, tt.keys, all)
				}
				if len(all) > 5 {
					t.Errorf("%d lines:\n%v", len(all), all)
				}
			})
		})
	}
}

// TestJournalSaysNothingOfItself has the writer leave: what it hears of itself is no news.
func TestJournalSaysNothingOfItself(t *testing.T) {
	virtual(t, 2, func(t *testing.T, c *testcluster.Cluster) {
		var log lines
		m := c.Run(c.Network.Host(), cluster.Config{Name: "writer", Logger: zerolog.New(&log)})
		time.Sleep(10*time.Second + 900*time.Millisecond) // the next look comes while it leaves
		c.Leave(m)
		for _, one := range own(log.since(t, 0)) {
			if one["member"] == "writer" {
				t.Errorf("line %v", one)
			}
		}
	})
}

// TestJournalCountsMany starts 20 members, or 40, and ends half of them at once: a line for each
// kind and second at most.
func TestJournalCountsMany(t *testing.T) {
	n := everyday(20, 40)
	virtual(t, 0, func(t *testing.T, c *testcluster.Cluster) {
		var log lines
		c.Run(c.Network.Host(), cluster.Config{Name: "writer", Logger: zerolog.New(&log).Level(zerolog.InfoLevel)})
		for range n {
			c.Run(c.Network.Host(), cluster.Config{})
		}
		time.Sleep(20 * time.Second)
		if all := own(log.since(t, 0)); len(all) > 10 {
			t.Errorf("%d lines for %d members that join:\n%v", len(all), n, all)
		}
		before := len(log.all())
		for _, m := range slices.Clone(c.Members[n/2+1:]) {
			c.Kill(m)
		}
		time.Sleep(20 * time.Second)
		if all := own(log.since(t, before)); len(all) == 0 || len(all) > 10 {
			t.Errorf("%d lines for %d members that die:\n%v", len(all), n/2, all)
		}
	})
}

// TestIsolationIsLogged cuts a member off from all others, and back.
func TestIsolationIsLogged(t *testing.T) {
	virtual(t, 3, func(t *testing.T, c *testcluster.Cluster) {
		var log lines
		m := c.Run(c.Network.Host(), cluster.Config{Name: "writer", Logger: zerolog.New(&log).Level(zerolog.InfoLevel)})
		time.Sleep(20 * time.Second)
		c.Network.Cut(hosts(others(c, m)), []*testcluster.Host{m.Host})
		time.Sleep(time.Minute)
		c.Heal()
		time.Sleep(time.Minute)
		all := own(log.since(t, 0))
		if !has(all, "cluster: isolated, as no member is heard: serving the last-known instances", "warn") ||
			!has(all, "cluster: no longer isolated: members are heard again", "info") || len(all) > 15 {
			t.Errorf("%d lines: %v", len(all), all)
		}
	})
}

// TestSeedsAnswerAgain logs attempts without an answer, with the wait until the next, and the end
// of that.
func TestSeedsAnswerAgain(t *testing.T) {
	virtual(t, 2, func(t *testing.T, c *testcluster.Cluster) {
		var log lines
		host := c.Network.Host()
		c.Network.Cut(hosts(c.Members), []*testcluster.Host{host})
		c.Run(host, cluster.Config{Name: "late", Logger: zerolog.New(&log).With().Timestamp().Logger()})
		time.Sleep(30 * time.Second)
		c.Heal()
		time.Sleep(30 * time.Second)
		var last time.Duration // the wait that the line before stated
		var at time.Time
		again := 0
		for _, one := range own(log.since(t, 0)) {
			switch message := fmt.Sprint(one["message"]); {
			case strings.HasPrefix(message, "cluster: no seed answers"):
				wait, err := time.ParseDuration(fmt.Sprint(one["retry_in"]))
				if err != nil || one["level"] != "warn" || one["error"] == nil {
					t.Errorf("line %v: %v", one, err)
				}
				now, _ := time.Parse(time.RFC3339, fmt.Sprint(one["time"]))
				if took := now.Sub(at); !at.IsZero() && (took < last-2*time.Second || took > last+3*time.Second) {
					t.Errorf("%v passed until the next attempt, %v were announced", took, last)
				}
				last, at = wait, now
			case message == "cluster: seeds answer again":
				again++
				if one["level"] != "info" {
					t.Errorf("line %v", one)
				}
			}
		}
		if again != 1 || at.IsZero() {
			t.Errorf("%d lines that seeds answer again, want 1:\n%s", again, strings.Join(log.all(), ""))
		}
	})
}

// TestRunLogsToStandardError reads what a config without a logger writes there, and that the one
// for silence writes nothing.
func TestRunLogsToStandardError(t *testing.T) {
	for name, tt := range map[string]struct {
		logger zerolog.Logger
		want   bool
	}{
		"zero value":          {zerolog.Logger{}, true},
		"for silence":         {zerolog.Nop(), false},
		"zero value, silent":  {zerolog.Logger{}.Level(zerolog.Disabled), false},
		"another destination": {zerolog.New(new(lines)), false},
	} {
		t.Run(name, func(t *testing.T) {
			file, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			standard := os.Stderr
			os.Stderr = file
			defer func() { os.Stderr = standard }()
			virtual(t, 1, func(t *testing.T, c *testcluster.Cluster) {
				p := newProcess(t, c)
				p.config.Logger = tt.logger
				p.run(offering())
				c.AwaitViews(settled, c.Members, members(2))
				time.Sleep(2 * time.Second)
				wantNil(t, p.ends(0))
			})
			text, err := os.ReadFile(file.Name())
			if err != nil {
				t.Fatal(err)
			}
			for _, message := range []string{"cluster: started", "cluster: member joined", "cluster: draining, to end"} {
				if strings.Contains(string(text), message) != tt.want {
					t.Errorf("%q is written: %v; all of it:\n%s", message, !tt.want, text)
				}
			}
			for line := range strings.Lines(string(text)) {
				var one logged
				if err := json.Unmarshal([]byte(line), &one); err != nil || one["time"] == nil || one["level"] == "debug" {
					t.Errorf("line %q: %v", line, err)
				}
			}
		})
	}
}
