package cluster_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/testcluster"
)

// lines keeps what is logged.
type lines struct {
	mu   sync.Mutex
	kept []string
}

func (l *lines) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.kept = append(l.kept, string(line))
	return len(line), nil
}

func (l *lines) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.kept)
}

// TestQuietAfterClose holds that a logger may go away once Close has returned, although probes of memberlist's go on.
func TestQuietAfterClose(t *testing.T) {
	for _, after := range []time.Duration{0, 300 * time.Millisecond, 600 * time.Millisecond, 900 * time.Millisecond} {
		virtual(t, 3, func(t *testing.T, c *testcluster.Cluster) {
			var log lines
			m := c.Run(c.Network.Host(), cluster.Config{Name: "quiet", Logger: zerolog.New(&log)})
			c.AwaitConverged(time.Minute)
			c.Network.Cut(hosts([]*testcluster.Member{m}), hosts(others(c, m))) // so that probes hang
			time.Sleep(2*time.Second + after)
			m.Node.Close()
			before := log.all()
			if len(before) == 0 {
				t.Error("no line before Close")
			}
			time.Sleep(time.Minute)
			if late := log.all()[len(before):]; len(late) > 0 {
				t.Errorf("%d lines after Close: %q", len(late), late)
			}
		})
	}
}
