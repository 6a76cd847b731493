package cluster_test

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/membership"
	"github.com/grapevine-go/grapevine/testcluster"
)

// The kinds of the messages between members that these tests forge (message.go).
const (
	recordKind  transport.Kind = 1
	recordsKind transport.Kind = 9
	ackKind     transport.Kind = 2
	accuseKind  transport.Kind = 3
	answerKind  transport.Kind = 5
)

// note is a message between members in which from speaks of subject.
func note(from, subject string) []byte { return ack(from, subject, membership.Boot{}, 0) }

// ack is one in which from says which version it has.
func ack(from, subject string, boot membership.Boot, version uint64) []byte {
	const noAddress = 0
	b := append([]byte{byte(len(from))}, from...)
	b = append(append(b, byte(len(subject))), subject...)
	for _, number := range []uint64{boot.Number, boot.ID, version} {
		b = binary.BigEndian.AppendUint64(b, number)
	}
	return append(b, noAddress)
}

// withMallory runs the attack on three members that have certificates. Mallory has one as well, for that name alone.
func withMallory(t *testing.T, test func(t *testing.T, c *testcluster.Cluster, mallory *transport.Transport),
	edits ...func(*cluster.Config)) {
	t.Helper()
	sealedOver(t, normal, func(t *testing.T, c *testcluster.Cluster) {
		authority := newPKI(t)
		for _, name := range []string{"m1", "m2", "m3"} {
			config := authority.member(name)
			for _, edit := range edits {
				edit(&config)
			}
			c.Run(c.Network.Host(), config)
		}
		c.AwaitConverged(time.Minute)
		mallory := attacker(t, c.Network.Host(), malloryID, authority.identity(authority.issue("mallory")))
		defer mallory.Shutdown()
		victim := c.Members[2]
		defer stays(t, c.Members, "all three, each where it is", both(members(3), isAt("m3", victim.Address())))()
		test(t, c, mallory)
		time.Sleep(2 * time.Minute)
	})
}

const malloryID = "mallory@0000000000000001"

// TestAttack_MemberBuriesAnother has a member say goodbye in the name of another. A memberlist believes it.
func TestAttack_MemberBuriesAnother(t *testing.T) {
	plainly(t, func(t *testing.T, l *lab) {
		target := l.grow(3)[0]
		tell(l.Host(), target.address(), bareSealed(packed(deadKind, deadWord{50, "m3", "m3"})))
		eventually(t, "loses a member", func() bool { return !target.sees("m3") })
	})
	t.Run("grapevine", func(t *testing.T) {
		withMallory(t, func(t *testing.T, c *testcluster.Cluster, mallory *transport.Transport) {
			victim := idOf(c.Members[2])
			for _, m := range c.Members[:2] {
				mallory.WriteToAddress(packed(deadKind, deadWord{50, victim, victim}), at(m))
			}
		})
	})
}

// TestAttack_MemberMovesAnother has a member greet in the name of another as well, from an address at which nobody is. What
// a memberlist does then is in TestAttack_AnotherName.
func TestAttack_MemberMovesAnother(t *testing.T) {
	withMallory(t, func(t *testing.T, c *testcluster.Cluster, mallory *transport.Transport) {
		nowhere := c.Network.Host()
		nowhere.Crash()
		for incarnation := uint32(50); incarnation < 500; incarnation += 50 {
			for _, m := range c.Members[:2] {
				for _, forged := range moved(idOf(c.Members[2]), incarnation, nowhere) {
					mallory.WriteToAddress(forged, at(m))
					time.Sleep(2 * time.Millisecond)
				}
			}
		}
	})
}

// TestAttack_FalseWitness has a member accuse another, and answer itself when the accused is asked.
func TestAttack_FalseWitness(t *testing.T) {
	withMallory(t, func(t *testing.T, c *testcluster.Cluster, mallory *transport.Transport) {
		victim := idOf(c.Members[2])
		for range 10 {
			for _, m := range c.Members[:2] {
				mallory.Send(accuseKind, at(m), note(malloryID, victim))
				for range 50 {
					mallory.Send(answerKind, at(m), note(malloryID, victim))
					time.Sleep(100 * time.Microsecond)
				}
			}
			time.Sleep(2 * time.Second) // the accused is not looked at again before
		}
	})
}
