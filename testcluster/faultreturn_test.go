package testcluster_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/testcluster"
)

// bootOf says that a view lists a member with that very boot.
func bootOf(m *testcluster.Member) condition {
	self, _ := m.View().Snapshot().Member(m.Name())
	return func(s view) bool {
		listed, ok := s.Member(m.Name())
		return ok && listed.Boot.ID == self.Boot.ID // its number it may not have yet
	}
}

// TestFault14_RestartIsVisibleAtOnce restarts a member with its name at a new address, at once after it was killed, after it
// left, or once it was missed. It is visible everywhere within a second, and no view falls back.
func TestFault14_RestartIsVisibleAtOnce(t *testing.T) {
	for name, end := range map[string]func(c *testcluster.Cluster, m *testcluster.Member) error{
		"killed": func(c *testcluster.Cluster, m *testcluster.Member) error { c.Kill(m); return nil },
		"killed long ago": func(c *testcluster.Cluster, m *testcluster.Member) error {
			c.Kill(m)
			time.Sleep(time.Minute)
			return nil
		},
		"vanished": func(c *testcluster.Cluster, m *testcluster.Member) error {
			c.Vanish(m)
			time.Sleep(2 * time.Second)
			return nil
		},
		"left": func(c *testcluster.Cluster, m *testcluster.Member) error { return c.Leave(m) },
	} {
		for seed := range testcluster.Everyday(uint64(1), 3) {
			t.Run(name, func(t *testing.T) {
				virtual(t, 10, func(t *testing.T, c *testcluster.Cluster) {
					old := c.Members[(3*int(seed)+1)%10]
					if err := end(c, old); err != nil {
						t.Fatal(err)
					}
					again := c.Restart(old)
					c.AwaitViews(time.Second, c.Members, bootOf(again))
					stop := throughout(t, c.Members, "lists the new boot", bootOf(again))
					time.Sleep(time.Minute)
					stop()
					c.AwaitConverged(0)
				}, testcluster.WithSeed(seed))
			})
		}
	}
}

// TestFault14_BackFromTheDead cuts a member off for so long that all others have given it up. It is back everywhere soon
// after it has met the first of them.
func TestFault14_BackFromTheDead(t *testing.T) {
	for seed := range testcluster.Everyday(uint64(2), 5) {
		virtual(t, 10, func(t *testing.T, c *testcluster.Cluster) {
			lost := c.Members[2*seed]
			rest := except(c, lost)
			c.Cut([]*testcluster.Member{lost}, rest)
			time.Sleep(20 * time.Second)
			c.AwaitViews(10*time.Second, rest, lacks(lost.Name()))
			c.Heal()
			began := time.Now()
			missed := func(m *testcluster.Member) bool { return lacks(lost.Name())(m.View().Snapshot()) }
			for !slices.ContainsFunc(rest, func(m *testcluster.Member) bool { return !missed(m) }) && time.Since(began) < afterHeal {
				time.Sleep(10 * time.Millisecond)
			}
			met := time.Now()
			c.AwaitConverged(5 * time.Second)
			t.Logf("met somebody %v after the heal, and all %v later", met.Sub(began), time.Since(met))
		}, testcluster.WithSeed(seed))
	}
}

// TestFault16_NewerBootWins has a member restart, where it was or elsewhere, while three others are cut off, who know of its
// older boot only, and tell of it once they are back. Nobody believes them, and they are corrected at once.
func TestFault16_NewerBootWins(t *testing.T) {
	for _, elsewhere := range []bool{true, false} {
		lasting := []time.Duration{2 * time.Second, 45 * time.Second}
		if *testcluster.Long {
			lasting = append(lasting, 9*time.Second)
		}
		for _, lasts := range lasting {
			t.Run(fmt.Sprint(elsewhere, lasts), func(t *testing.T) {
				virtual(t, 10, func(t *testing.T, c *testcluster.Cluster) {
					old := c.Members[6]
					c.Kill(old)
					rest := slices.Clone(c.Members[:6])
					deaf := slices.Clone(c.Members[6:])
					host := c.Network.Host()
					if !elsewhere {
						host = c.Network.HostAt(old.Host.IP())
					}
					c.Cut(deaf, rest)
					c.Network.Cut(hosts(deaf...), []*testcluster.Host{host})
					again := c.Run(host, cluster.Config{Name: old.Name()})
					c.AwaitViews(time.Second, rest, bootOf(again))
					defer throughout(t, append(rest, again), "lists the newer boot", bootOf(again))()
					time.Sleep(lasts)
					c.Heal()
					began := time.Now()
					c.AwaitViews(afterHeal, deaf[:1], lists(rest...))
					met := time.Now()
					c.AwaitViews(5*time.Second, c.Members, bootOf(again))
					t.Logf("met %v after the heal, corrected everywhere %v later", met.Sub(began), time.Since(met))
					c.AwaitConverged(afterHeal)
					time.Sleep(time.Minute)
				})
			})
		}
	}
}
