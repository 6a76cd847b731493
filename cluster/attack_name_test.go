package cluster_test

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/x509"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/memberlist"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/membership"
	"github.com/grapevine-go/grapevine/testcluster"
)

// bareSealed is a packet as a memberlist seals it that has the key and the label of these tests. The nonce is 0.
func bareSealed(packet []byte) []byte {
	block, err := aes.NewCipher(bareKey)
	if err != nil {
		panic(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	nonce := make([]byte, gcm.NonceSize())
	const version = 1
	sealed := gcm.Seal(append([]byte{version}, nonce...), nonce, packet, []byte(bareLabel))
	return slices.Concat([]byte{labelKind, byte(len(bareLabel))}, []byte(bareLabel), sealed)
}

// moved are a goodbye and a greeting in the name of a node, which is elsewhere according to them.
func moved(node string, incarnation uint32, to *testcluster.Host) [][]byte {
	return [][]byte{
		packed(deadKind, deadWord{incarnation, node, node}),
		packed(aliveKind, aliveAt(node, incarnation+1, to)),
	}
}

// TestAttack_AnotherName has somebody who has a place in the cluster call himself like another. Among memberlists, whoever
// has the key speaks for everybody: the member is now elsewhere for the others, and contradicts in vain.
func TestAttack_AnotherName(t *testing.T) {
	plainly(t, func(t *testing.T, l *lab) {
		var news told
		target, elsewhere := l.grow(3, telling(&news))[0], l.Host()
		incarnation := uint32(50)
		eventually(t, "looks for the member elsewhere", func() bool {
			for _, forged := range moved("m3", incarnation, elsewhere) {
				tell(elsewhere, target.address(), bareSealed(forged))
				time.Sleep(2 * time.Millisecond)
			}
			incarnation += 50 // above the member's own contradiction
			return news.any(func(n memberlist.Node) bool {
				return n.Name == "m3" && n.Address() == elsewhere.Address().String()
			})
		})
		eventually(t, "loses it", func() bool { return !target.sees("m3") })
	})
	t.Run("grapevine", func(t *testing.T) {
		sealedOver(t, normal, func(t *testing.T, c *testcluster.Cluster) {
			authority := newPKI(t)
			for _, name := range []string{"m1", "m2", "alice"} {
				c.Run(c.Network.Host(), authority.member(name))
			}
			c.AwaitConverged(time.Minute)
			mine, boot := c.Members, idOf(c.Members[2])
			stop := stays(t, mine, "all three, and alice where she is", both(members(3), isAt("alice", mine[2].Address())))
			certified := authority.identity(authority.issue("mallory"))
			if _, err := c.TryRun(c.Network.Host(), cluster.Config{Name: "alice", TLS: certified}); err == nil || !strings.Contains(err.Error(), "mallory") {
				t.Errorf("alice starts with mallory's certificate: %v", err)
			}
			certified.Allow = func(*x509.Certificate, string) error { return nil }
			patched := c.Run(c.Network.Host(), cluster.Config{Name: "alice", TLS: certified})
			defer patched.Close()
			c.Members = mine
			mustRegister(t, patched, users(patched))
			time.Sleep(2 * time.Minute)
			stop()
			if idOf(mine[2]) != boot || !members(1)(patched.View().Snapshot()) {
				t.Error("the impostor sees others, or has taken the name")
			}
			for _, m := range mine {
				if refused := m.Stats().Refused[transport.ReasonName]; refused == 0 {
					t.Errorf("%s counts no impostor", m.Name())
				}
			}
		})
	})
}

func isAt(name, address string) condition {
	return func(s *membership.Snapshot) bool {
		m, listed := s.Member(name)
		return listed && listedAt(m, address)
	}
}

// listedAt reports whether a member is listed at an address, or by itself, which lists none of its own.
func listedAt(m membership.Member, address string) bool {
	return m.Address == address || m.Address == ""
}
