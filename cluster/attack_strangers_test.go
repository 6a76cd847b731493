package cluster_test

import (
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/memberlist"
	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/testcluster"
)

// TestAttack_WrongSecret joins with another secret. A memberlist keeps such a one out as well, as its key is another: it
// writes a line at each attempt, and counts nothing.
func TestAttack_WrongSecret(t *testing.T) {
	plainly(t, func(t *testing.T, l *lab) {
		lists := l.grow(2)
		stranger := l.run(l.Host(), "stranger", func(c *memberlist.Config) { c.SecretKey = []byte("another 16 bytes") })
		before := len(lists[0].log.all())
		const attempts = 20
		for range attempts {
			if _, err := stranger.Join([]string{lists[0].address()}); err == nil {
				t.Error("joined")
			}
		}
		if lists[0].sees("stranger") || stranger.sees("m1") {
			t.Error("one sees the other")
		}
		if said := len(lists[0].log.all()) - before; said < attempts {
			t.Errorf("%d lines, one for each of %d attempts was expected", said, attempts)
		}
	})
	t.Run("grapevine", func(t *testing.T) {
		home := cluster.Config{Secret: cluster.NewSecret()}
		refusedByBoth(t, home, cluster.Config{Secret: cluster.NewSecret()}, transport.ReasonSecret)
	})
}

// TestAttack_WrongCluster has a member of another cluster, which uses the same key, start at the address of a member that
// has just died. Without labels, two clusters of memberlists become one: news goes to the dead as well, for half a minute.
func TestAttack_WrongCluster(t *testing.T) {
	plainly(t, func(t *testing.T, l *lab) {
		sameKey := func(c *memberlist.Config) { c.Label = "" }
		mine := l.grow(3, sameKey)
		mine[2].host.Crash()
		eventually(t, "notices the death", func() bool { return !mine[0].sees("m3") && !mine[1].sees("m3") })
		l.lists = nil
		other := l.run(l.HostAt(mine[2].host.IP()), "other", sameKey)
		l.lists = mine[:2]
		l.run(l.Host(), "m4", sameKey) // this is the news
		eventually(t, "the two are one", func() bool { return mine[0].sees("other") && other.sees("m1") })
	})
	t.Run("grapevine", func(t *testing.T) {
		secret := cluster.NewSecret()
		home, stranger := cluster.Config{Secret: secret}, cluster.Config{Cluster: "other", Secret: secret}
		refusedByBoth(t, home, stranger, transport.ReasonCluster)
	})
}

// TestFault37_OneLineOneMetric does the same for every way to belong elsewhere, with secrets, with certificates and with
// nothing.
func TestFault37_OneLineOneMetric(t *testing.T) {
	secret, other := cluster.NewSecret(), cluster.NewSecret()
	for name, tt := range map[string]struct {
		home, stranger cluster.Config
		want           transport.Reason
	}{
		"another secret":           {cluster.Config{Secret: secret}, cluster.Config{Secret: other}, transport.ReasonSecret},
		"another cluster":          {cluster.Config{Secret: secret}, cluster.Config{Secret: secret, Cluster: "other"}, transport.ReasonCluster},
		"both are others":          {cluster.Config{Secret: secret}, cluster.Config{Secret: other, Cluster: "other"}, transport.ReasonCluster},
		"no secret":                {cluster.Config{Secret: secret}, cluster.Config{Insecure: true}, transport.ReasonPlain},
		"another cluster, nothing": {cluster.Config{Insecure: true}, cluster.Config{Insecure: true, Cluster: "other"}, transport.ReasonCluster},
	} {
		t.Run(name, func(t *testing.T) { refusedByBoth(t, tt.home, tt.stranger, tt.want) })
	}
	for name, want := range map[string]transport.Reason{"another authority": transport.ReasonCertificate,
		"another cluster, certificates": transport.ReasonCluster, "a secret in place of a certificate": transport.ReasonCertificate} {
		t.Run(name, func(t *testing.T) {
			atHome(t, func(t *testing.T, c *testcluster.Cluster) (home, stranger cluster.Config, reason transport.Reason) {
				authority, stranger := newPKI(t), cluster.Config{Secret: other}
				switch name {
				case "another authority":
					stranger = newPKI(t).member("stranger")
				case "another cluster, certificates":
					stranger = authority.member("stranger")
					stranger.Cluster = "other"
				}
				return authority.member("m1"), stranger, want
			})
		})
	}
}

// refusedByBoth has a stranger try to join for minutes.
func refusedByBoth(t *testing.T, home, stranger cluster.Config, want transport.Reason) {
	t.Helper()
	atHome(t, func(*testing.T, *testcluster.Cluster) (_, _ cluster.Config, _ transport.Reason) {
		return home, stranger, want
	})
}

// atHome wants neither to see the other, and both to say why: in one line a minute, and in a counter.
func atHome(t *testing.T, configs func(*testing.T, *testcluster.Cluster) (home, stranger cluster.Config, want transport.Reason)) {
	t.Helper()
	virtualOver(t, normal, func(t *testing.T, c *testcluster.Cluster) {
		home, stranger, want := configs(t, c)
		said := make([]lines, 2)
		var both []*testcluster.Member
		for i, config := range []cluster.Config{home, stranger} {
			config.Name, config.Logger = []string{"m1", "stranger"}[i], zerolog.New(&said[i]).Level(zerolog.WarnLevel)
			both = append(both, c.Run(c.Network.Host(), config))
		}
		defer stays(t, both, "alone", members(1))()
		for minute := 1; minute <= 3; minute++ {
			time.Sleep(59 * time.Second)
			for i, m := range both {
				if got := m.Stats().Refused[want]; got < uint64(minute) {
					t.Errorf("%s counts %d refused as %q after %d minutes", m.Name(), got, want, minute)
				}
				if got := refusals(&said[i]); got[want] < 1 || got[want] > minute || len(got) > 1 {
					t.Errorf("%s has said %v after %d minutes, want %q once in each", m.Name(), got, minute, want)
				}
			}
		}
	})
}

// refusals counts the lines that say why somebody was refused.
func refusals(log *lines) map[transport.Reason]int {
	counts := make(map[transport.Reason]int)
	for _, line := range log.all() {
		_, rest, _ := strings.Cut(line, `"reason":"`)
		if reason, _, found := strings.Cut(rest, `"`); found {
			counts[transport.Reason(reason)]++
		}
	}
	return counts
}
