package cluster_test

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/testcluster"
)

// forgeries are what a stranger can say of a member and of a ghost, in the words of memberlist.
func forgeries(member string, incarnation uint32, at *testcluster.Host) [][]byte {
	return [][]byte{
		packed(deadKind, deadWord{incarnation, member, member}),
		packed(aliveKind, aliveAt(ghostID, 1, at)),
	}
}

// TestAttack_ForgedPackets has a stranger say goodbye in the name of a member, and speak of one that there is not. By
// default a memberlist has no key and believes it.
func TestAttack_ForgedPackets(t *testing.T) {
	plainly(t, func(t *testing.T, l *lab) {
		lists := l.grow(3, open)
		stranger := l.Host()
		forged := forgeries("m3", 50, stranger)
		tell(stranger, lists[0].address(), forged[0])
		eventually(t, "loses a member", func() bool { return !lists[0].sees("m3") })
		tell(stranger, lists[0].address(), forged[1])
		eventually(t, "gains a ghost", func() bool { return lists[0].sees(ghostID) })
	})
	t.Run("grapevine", func(t *testing.T) {
		sealed(t, 2, func(t *testing.T, c *testcluster.Cluster) {
			host := c.Network.Host()
			recorder := &tape{Transport: host}
			victim := c.Run(host, cluster.Config{Name: "m3", Transport: recorder})
			c.AwaitConverged(time.Minute)
			time.Sleep(time.Minute)
			defer stays(t, c.Members, "all three, and no ghost", both(members(3), lacks("ghost")))()
			stranger := c.Network.Host()
			for _, m := range c.Members[:2] {
				before := m.Stats()
				for incarnation := range uint32(20) {
					for _, forged := range forgeries(idOf(victim), incarnation, stranger) {
						tell(stranger, m.Address(), forged, asPlain("test", forged), underAnyKey(forged))
					}
				}
				forged := changed(recorder.all())
				tell(stranger, m.Address(), forged...)
				time.Sleep(time.Minute)
				now := m.Stats()
				checkGrew(t, m, "garbage", now.Garbage-before.Garbage, 40)
				checkGrew(t, m, "plain", now.Refused[transport.ReasonPlain]-before.Refused[transport.ReasonPlain], 40)
				checkGrew(t, m, "under other keys", now.UnknownKey-before.UnknownKey, 40)
				checkGrew(t, m, "forged", now.Forged-before.Forged, 10)
			}
			mustRegister(t, victim, users(victim)) // what is forged does not stop what is real
			c.AwaitViews(prompt, c.Members, offers("users", usersAddress(victim)))
		})
	})
}

// TestAttack_PacketsOfAnotherCluster has a member of another cluster send the same, where nothing is sealed.
func TestAttack_PacketsOfAnotherCluster(t *testing.T) {
	sealedOver(t, normal, func(t *testing.T, c *testcluster.Cluster) {
		for _, name := range []string{"m1", "m2", "m3"} {
			c.Run(c.Network.Host(), cluster.Config{Name: name, Insecure: true})
		}
		c.AwaitConverged(time.Minute)
		defer stays(t, c.Members, "all three, and no ghost", both(members(3), lacks("ghost")))()
		target, stranger, sent := c.Members[0], c.Network.Host(), 0
		for incarnation := range uint32(20) {
			for _, forged := range forgeries(idOf(c.Members[2]), incarnation, stranger) {
				tell(stranger, target.Address(), asPlain("other", forged))
				sent++
			}
		}
		time.Sleep(time.Minute)
		if s := target.Stats(); s.Refused[transport.ReasonCluster] != uint64(sent) || s.Garbage+s.Malformed > 0 {
			t.Errorf("%d datagrams were sent: %+v", sent, s)
		}
	})
}

func checkGrew(t *testing.T, m *testcluster.Member, what string, by, least uint64) {
	t.Helper()
	if by < least {
		t.Errorf("%s counts %d datagrams as %s, want %d at least", m.Name(), by, what, least)
	}
}

// The first byte of a datagram of this package, as package transport has it: plain ones go on with the tag of the cluster
// and the kind of their message, sealed ones with the ID of a key and a counter.
const (
	plainDatagram  = 0xc1
	sealedDatagram = 0xc2
	packetKind     = 0xf0
	keyIDSize      = 8
)

// asPlain is a packet of memberlist's as a member without a secret sends it.
func asPlain(cluster string, packet []byte) []byte {
	tag := sha256.Sum256([]byte("grapevine cluster " + cluster))
	return slices.Concat([]byte{plainDatagram}, tag[:8], []byte{packetKind}, packet)
}

// underAnyKey looks as if it was sealed, with a key whose ID was guessed.
func underAnyKey(packet []byte) []byte {
	return slices.Concat([]byte{sealedDatagram}, []byte("a key ID"), binary.BigEndian.AppendUint64(nil, 1), packet)
}

// changed gives sealed datagrams under the keys of those that were observed, numbered as if they were to come yet, and
// with a bit of what is sealed in them flipped.
func changed(observed [][]byte) (forged [][]byte) {
	for _, datagram := range observed {
		if datagram[0] == sealedDatagram {
			datagram = slices.Clone(datagram)
			binary.BigEndian.PutUint64(datagram[1+keyIDSize:], 1<<40)
			datagram[len(datagram)/2] ^= 1
			forged = append(forged, datagram)
		}
	}
	return forged
}
