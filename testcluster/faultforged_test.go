package testcluster_test

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/membership"
	"github.com/grapevine-go/grapevine/testcluster"
)

// secretly gives every member a secret, or none.
func secretly(secret string) testcluster.Option {
	return testcluster.WithConfig(func(_ int, config *cluster.Config) {
		config.Secret, config.Insecure = secret, secret == ""
	})
}

// forgedLeave is memberlist's message that a node says goodbye, as whoever reaches the port can write it where nothing is
// sealed: the tag of the cluster, the kind of a packet of memberlist's, and a map in MessagePack.
func forgedLeave(cluster, node string, incarnation byte) []byte {
	const plain, packet, dead, mapOf3 = 0xc1, 0xf0, 5, 0x83
	tag := sha256.Sum256([]byte("grapevine cluster " + cluster))
	message := append([]byte{plain}, tag[:8]...)
	message = append(message, packet, dead, mapOf3)
	message = append(appendText(message, "Incarnation"), incarnation)
	message = appendText(appendText(message, "Node"), node)
	return appendText(appendText(message, "From"), node)
}

func appendText(b []byte, text string) []byte {
	const str8 = 0xd9
	return append(append(b, str8, byte(len(text))), text...)
}

// forgeLeaves lets a stranger say goodbye to everybody in the name of m, with every incarnation that m may have.
func forgeLeaves(c *testcluster.Cluster, m *testcluster.Member) {
	self, _ := m.View().Snapshot().Member(m.Name())
	stranger := c.Network.Host()
	for incarnation := range byte(100) {
		for _, other := range c.Members {
			message := forgedLeave("test", fmt.Sprintf("%s@%016x", m.Name(), self.Boot.ID), incarnation)
			stranger.WriteToAddress(message, cluster.Address{Addr: other.Address()})
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// TestFault44_ForgedLeave has the stranger believed by nobody, whether it is kept out or the member is looked at.
func TestFault44_ForgedLeave(t *testing.T) {
	for name, secret := range map[string]string{"with a secret": cluster.NewSecret(), "without": ""} {
		t.Run(name, func(t *testing.T) {
			sealed(t, 5, func(t *testing.T, c *testcluster.Cluster) {
				defer throughout(t, c.Members, "lists everybody", lists(c.Members...))()
				forgeLeaves(c, c.Members[2])
				time.Sleep(time.Minute)
			}, secretly(secret))
		})
	}
}

// TestForgedLeaveIsWellMade shows that the above tests something: without a secret, memberlist takes the stranger's word,
// and the member has to contradict.
func TestForgedLeaveIsWellMade(t *testing.T) {
	var logs lockedBuffer
	logging := testcluster.WithConfig(func(_ int, config *cluster.Config) {
		config.Logger, config.Insecure = zerolog.New(&logs), true
	})
	sealed(t, 5, func(t *testing.T, c *testcluster.Cluster) {
		forgeLeaves(c, c.Members[2])
		time.Sleep(time.Minute)
	}, logging)
	if !strings.Contains(logs.String(), "Refuting a dead message") {
		t.Error("nobody had to contradict the forged goodbye: it is not well made")
	}
}

// TestFault45_ForgedAlive has strangers without the secret, or with another one, come up under a name of their own and
// under that of a member.
func TestFault45_ForgedAlive(t *testing.T) {
	for name, secret := range map[string]string{"no secret": "", "another secret": cluster.NewSecret()} {
		t.Run(name, func(t *testing.T) {
			sealed(t, 5, func(t *testing.T, c *testcluster.Cluster) {
				members := c.Members
				victim := members[2]
				self, _ := victim.View().Snapshot().Member(victim.Name())
				defer throughout(t, members, "lists the members, as they are, and no stranger", func(s view) bool {
					listed, _ := s.Member(victim.Name())
					return len(s.Members()) == 5 && listed.Boot == self.Boot && len(s.Addresses("forged")) == 0
				})()
				for _, name := range []string{"ghost", victim.Name()} {
					stranger := c.Run(c.Network.Host(), cluster.Config{Name: name, Secret: secret, Insecure: secret == ""})
					if _, err := stranger.Register(membership.Service{Name: "forged", Address: "10.9.9.9:80"}); err != nil {
						t.Fatal(err)
					}
				}
				time.Sleep(2 * time.Minute)
				for _, stranger := range c.Members[5:] {
					if listed := names(stranger.View().Snapshot()); len(listed) != 1 {
						t.Errorf("the stranger %s lists %v", stranger.Name(), listed)
					}
				}
			}, secretly(cluster.NewSecret()))
		})
	}
}
