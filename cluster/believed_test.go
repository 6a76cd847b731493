package cluster_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/membership"
	"github.com/grapevine-go/grapevine/testcluster"
)

// whispers has a liar tell members that one lives, ever again, until the test ends.
func whispers(t *testing.T, liar *transport.Transport, to []*testcluster.Member, id string, host *testcluster.Host) (stop func()) {
	t.Helper()
	over, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for incarnation := uint32(2); ; incarnation++ {
			for _, m := range to {
				liar.WriteToAddress(packed(aliveKind, aliveAt(id, incarnation, host)), at(m))
			}
			select {
			case <-over:
				return
			case <-time.After(50 * time.Millisecond):
			}
		}
	}()
	return func() { close(over); <-done }
}

// TestFault13_VanishedDespiteGossip has a host vanish while a liar tells all others that it lives, where it was or elsewhere.
func TestFault13_VanishedDespiteGossip(t *testing.T) {
	for name, elsewhere := range map[string]bool{"at its address": false, "elsewhere": true} {
		t.Run(name, func(t *testing.T) {
			withLyingMember(t, func(t *testing.T, c *testcluster.Cluster, _ *pki, liar *transport.Transport) {
				victim, said := c.Members[2], c.Members[2].Host
				if elsewhere {
					said = c.Network.Host()
					said.Crash()
				}
				id, rest := idOf(victim), others(c, victim)
				defer whispers(t, liar, rest, id, said)()
				time.Sleep(2 * time.Second)
				c.Vanish(victim)
				began := time.Now()
				c.AwaitViews(10*time.Second, rest, lacks(victim.Name()))
				t.Logf("dropped after %v", time.Since(began))
				defer stays(t, rest, "without the host that vanished", lacks(victim.Name()))()
				time.Sleep(2 * time.Minute)
			})
		})
	}
}

// TestFault3_SearchDespiteGossip has a member be killed and start again at its address, with no seed: only the search of the
// others finds it. A liar tells them meanwhile that the name lives, by another boot, or that another is at its address.
func TestFault3_SearchDespiteGossip(t *testing.T) {
	for name, tt := range map[string]struct {
		id        string
		elsewhere bool
	}{
		"another boot elsewhere": {"m3@0000000000000077", true},
		"another boot there":     {"m3@0000000000000077", false},
		"another member there":   {"fake@0000000000000077", false},
		"itself there":           {malloryID, false},
	} {
		t.Run(name, func(t *testing.T) {
			withLyingMember(t, func(t *testing.T, c *testcluster.Cluster, authority *pki, liar *transport.Transport) {
				victim := c.Members[2]
				said := c.Network.Host()
				said.Crash()
				c.Kill(victim)
				c.AwaitViews(time.Minute, c.Members, lacks("m3"))
				host := c.Network.HostAt(victim.Host.IP())
				host.Crash() // nobody listens yet
				if !tt.elsewhere {
					said = host
				}
				stop := whispers(t, liar, c.Members, tt.id, said)
				time.Sleep(time.Minute)
				stop()
				config := authority.member("m3")
				config.Join = []string{}
				c.Run(c.Network.HostAt(host.IP()), config)
				began := time.Now()
				c.AwaitViews(30*time.Second, c.Members, func(s *membership.Snapshot) bool { _, ok := s.Member("m3"); return ok && len(s.Members()) >= 3 })
				t.Logf("found after %v", time.Since(began))
			})
		})
	}
}

// TestFault13_SlowControlPeers has a host vanish where answers take as long as a third of a probe, or longer.
func TestFault13_SlowControlPeers(t *testing.T) {
	for _, latency := range []time.Duration{50, 110, 130, 150, 200} {
		t.Run(fmt.Sprint(latency*time.Millisecond), func(t *testing.T) {
			virtualOver(t, testcluster.Link{Latency: latency * time.Millisecond}, func(t *testing.T, c *testcluster.Cluster) {
				grow(c, 5)
				c.AwaitConverged(time.Minute)
				time.Sleep(20 * time.Second)
				victim := c.Members[4]
				c.Vanish(victim)
				c.AwaitViews(4*time.Second, c.Members, lacks(victim.Name()))
			})
		})
	}
}
