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
		testApart(t, home, cluster.Config{Secret: cluster.NewSecret()}, transport.ReasonSecret)
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
		testApart(t, cluster.Config{Secret: secret}, cluster.Config{Cluster: "other", Secret: secret}, transport.ReasonCluster)
	})
}

// TestFault37_OneLineOneMetric tries every way to belong elsewhere, with secrets, with certificates and with nothing.
func TestFault37_OneLineOneMetric(t *testing.T) {
	secret, another := cluster.NewSecret(), cluster.NewSecret()
	with := func(secret, name string) cluster.Config {
		return cluster.Config{Secret: secret, Cluster: name, Insecure: secret == ""}
	}
	for name, tt := range map[string]struct {
		home, stranger cluster.Config
		want           transport.Reason
	}{
		"another secret":                  {with(secret, ""), with(another, ""), transport.ReasonSecret},
		"another cluster":                 {with(secret, ""), with(secret, "other"), transport.ReasonCluster},
		"both are others":                 {with(secret, ""), with(another, "other"), transport.ReasonCluster},
		"no secret":                       {with(secret, ""), with("", ""), transport.ReasonPlain},
		"another cluster, without secret": {with("", ""), with("", "other"), transport.ReasonCluster},
	} {
		t.Run(name, func(t *testing.T) { testApart(t, tt.home, tt.stranger, tt.want) })
	}
	for name, tt := range map[string]struct {
		stranger func(own, other *pki) cluster.Config
		want     transport.Reason
	}{
		"another authority": {func(_, other *pki) cluster.Config { return other.member("stranger") }, transport.ReasonCertificate},
		"another cluster, with certificates": {func(own, _ *pki) cluster.Config {
			config := own.member("stranger")
			config.Cluster = "other"
			return config
		}, transport.ReasonCluster},
		"a secret, no certificate": {func(_, _ *pki) cluster.Config { return with(secret, "") }, transport.ReasonCertificate},
	} {
		t.Run(name, func(t *testing.T) {
			sealedOver(t, normal, func(t *testing.T, c *testcluster.Cluster) {
				own, other := newPKI(t), newPKI(t)
				stayApart(t, c, own.member("home"), tt.stranger(own, other), tt.want)
			})
		})
	}
}

func testApart(t *testing.T, home, stranger cluster.Config, want transport.Reason) {
	t.Helper()
	sealedOver(t, normal, func(t *testing.T, c *testcluster.Cluster) { stayApart(t, c, home, stranger, want) })
}

// stayApart has a stranger try to join for minutes. Neither may see the other, and both must tell why: in one line a
// minute, and in a counter.
func stayApart(t *testing.T, c *testcluster.Cluster, home, stranger cluster.Config, want transport.Reason) {
	t.Helper()
	said := make([]lines, 2)
	home.Name, home.Logger = "home", zerolog.New(&said[0]).Level(zerolog.WarnLevel)
	stranger.Name, stranger.Logger = "stranger", zerolog.New(&said[1]).Level(zerolog.WarnLevel)
	for _, config := range []cluster.Config{home, stranger} {
		c.Run(c.Network.Host(), config)
	}
	defer stays(t, c.Members, "alone", members(1))()
	for minute := 1; minute <= 3; minute++ {
		time.Sleep(59 * time.Second)
		for i, m := range c.Members {
			if told := refusals(&said[i]); told[want] < 1 || told[want] > minute || len(told) > 1 {
				t.Errorf("%s tells %v after %d minutes, want %q once in each", m.Name(), told, minute, want)
			}
			least, most := uint64(minute), uint64(100)
			if want == transport.ReasonCluster { // nobody dials such an address again soon
				least, most = 1, 2
			}
			if counted := m.Stats().Refused[want]; counted < least || counted > most {
				t.Errorf("%s counts %d as %q after %d minutes, want %d to %d", m.Name(), counted, want, minute, least, most)
			}
		}
	}
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
