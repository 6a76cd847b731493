package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/membership"
	"github.com/grapevine-go/grapevine/testcluster"
)

// large is a service whose record takes many datagrams, or two records a stream.
func large(m *testcluster.Member) membership.Service {
	s := users(m)
	s.Metadata = map[string]string{"k": strings.Repeat("v", 50<<10)}
	return s
}

// listsAll reports what a view lacks of the services of members, "" for nothing.
func listsAll(s *membership.Snapshot, members []*testcluster.Member) string {
	for _, m := range members {
		self, _ := m.View().Snapshot().Member(m.Name())
		seen, _ := s.Member(m.Name())
		if len(seen.Services) != len(self.Services) || seen.Boot != self.Boot {
			return fmt.Sprintf("%s: %d services, boot %v", m.Name(), len(seen.Services), seen.Boot)
		}
	}
	return ""
}

// TestReadyHoldsWhatThePeerHeld has newcomers join a cluster of large records where a fifth of all
// packets is lost: once they are ready, they list the services of all.
func TestReadyHoldsWhatThePeerHeld(t *testing.T) {
	for name, link := range map[string]testcluster.Link{"": normal, ", lossy": {Latency: 5 * time.Millisecond, Loss: 0.2}} {
		for _, seeds := range []int{1, 3} {
			t.Run(fmt.Sprint(seeds, " seeds", name), func(t *testing.T) {
				virtualOver(t, link, func(t *testing.T, c *testcluster.Cluster) {
					grow(c, 6)
					for _, m := range c.Members {
						mustRegister(t, m, large(m))
					}
					c.AwaitConverged(time.Minute)
					old := c.Members
					for i := range brief(1, everyday(2, 5)) {
						var join []string
						for _, m := range old[:seeds] {
							join = append(join, m.Address())
						}
						m := c.Run(c.Network.Host(), cluster.Config{Name: fmt.Sprint("new", i), Join: join})
						began := time.Now()
						if err := m.Ready(within(t, time.Minute)); err != nil {
							t.Fatal(err)
						}
						if wrong := listsAll(m.View().Snapshot(), old); wrong != "" {
							t.Errorf("%s is ready after %v without %s", m.Name(), time.Since(began), wrong)
						}
						t.Logf("ready after %v", time.Since(began))
					}
				})
			})
		}
	}
}

// TestReadyWithoutThePeer has the first peer vanish as soon as it has told what it knows: another
// one sends the records.
func TestReadyWithoutThePeer(t *testing.T) {
	virtual(t, 5, func(t *testing.T, c *testcluster.Cluster) {
		for _, m := range c.Members {
			mustRegister(t, m, large(m))
		}
		c.AwaitConverged(time.Minute)
		first, rest := c.Members[0], c.Members[1:]
		host := c.Network.Host()
		m := c.Run(host, cluster.Config{Name: "new", Join: []string{first.Address()}}) // Start returns once the heads have come
		c.Network.SetLink(first.Host, host, testcluster.Link{Cut: true})
		began := time.Now()
		c.Vanish(first)
		if err := m.Ready(within(t, 10*time.Second)); err != nil {
			t.Fatal(err)
		}
		if wrong := listsAll(m.View().Snapshot(), rest); wrong != "" {
			t.Errorf("it is ready after %v without %s", time.Since(began), wrong)
		}
	})
}

// TestReadyDespiteTheSilent has the first peer list a member that does not answer the newcomer:
// paused, or beyond a cut. It holds up Ready only for a while. One that is killed meanwhile does
// not.
func TestReadyDespiteTheSilent(t *testing.T) {
	for name, tt := range map[string]struct {
		silence func(c *testcluster.Cluster, m *testcluster.Member, newcomer *testcluster.Host)
		most    time.Duration
	}{
		"paused": {func(c *testcluster.Cluster, m *testcluster.Member, _ *testcluster.Host) { c.Pause(m) }, 6 * time.Second},
		"beyond a cut": {func(c *testcluster.Cluster, m *testcluster.Member, newcomer *testcluster.Host) {
			c.Network.Cut(hosts([]*testcluster.Member{m}), []*testcluster.Host{newcomer})
		}, 6 * time.Second},
		"killed": {func(c *testcluster.Cluster, m *testcluster.Member, _ *testcluster.Host) { c.Kill(m) }, 2 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			virtual(t, 4, func(t *testing.T, c *testcluster.Cluster) {
				host := c.Network.Host()
				silent := c.Members[3]
				rest := others(c, silent)
				tt.silence(c, silent, host)
				began := time.Now()
				m := c.Run(host, named("new"))
				if err := m.Ready(within(t, time.Minute)); err != nil {
					t.Fatal(err)
				}
				took := time.Since(began)
				if took > tt.most {
					t.Errorf("it is ready after %v", took)
				}
				if wrong := listsAll(m.View().Snapshot(), rest); wrong != "" {
					t.Errorf("it is ready after %v without %s", took, wrong)
				}
				t.Logf("ready after %v", took)
			})
		})
	}
}

// TestReadySaysWhatIsMissing ends the context of Ready while the node knows only in short what its first peer holds.
func TestReadySaysWhatIsMissing(t *testing.T) {
	virtual(t, 3, func(t *testing.T, c *testcluster.Cluster) {
		c.Pause(c.Members[2])
		m := c.Run(c.Network.Host(), named("new"))
		err := m.Ready(within(t, 100*time.Millisecond))
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "lacks 1 of the members that the first peer listed") ||
			!strings.Contains(err.Error(), c.Members[2].Name()) {
			t.Errorf("Ready = %v", err)
		}
		c.Resume(c.Members[2])
		if err := m.Ready(within(t, 2*time.Second)); err != nil {
			t.Errorf("once it answers: %v", err)
		}
	})
}
