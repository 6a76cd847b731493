package cluster_test

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/memberlist"
	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/membership"
	"github.com/grapevine-go/grapevine/testcluster"
)

// forgedRecord is what a member would say of itself, had it moved its service to where mallory listens.
func forgedRecord(t *testing.T, of *testcluster.Member, edit func(*membership.Record)) []byte {
	t.Helper()
	self, _ := of.View().Snapshot().Member(of.Name())
	record := membership.Record{Name: of.Name(), Boot: self.Boot, Version: 1 << 40,
		Services: []membership.Service{{Name: "users", Address: "mallory.example:80", Weight: 100}}}
	if edit != nil {
		edit(&record)
	}
	encoded, err := record.Encode(nil, membership.OldestWireVersion)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

// hearsay is the message with which a member passes on the record of another, who lives according to it.
func hearsay(record []byte) []byte {
	message := append([]byte{byte(len(malloryID))}, malloryID...)
	message = append(message, 0) // seconds since it is gone
	return append(binary.AppendUvarint(message, uint64(len(record))), record...)
}

// TestAttack_RecordOfAnother has a member push the record of another: it is dropped, and the log says so once. Among
// memberlists, whoever has the key replaces what a node says of itself.
func TestAttack_RecordOfAnother(t *testing.T) {
	plainly(t, func(t *testing.T, l *lab) {
		const changed = "mallory.example:80"
		var news told
		target := l.grow(3, telling(&news))[0]
		forged := aliveAt("m3", 50, l.lists[2].host)
		forged.Meta = []byte(changed)
		tell(l.Host(), target.address(), bareSealed(packed(aliveKind, forged)))
		eventually(t, "believes it", func() bool {
			return news.any(func(n memberlist.Node) bool { return n.Name == "m3" && string(n.Meta) == changed })
		})
	})
	t.Run("grapevine", func(t *testing.T) {
		var log lines
		withMallory(t, func(t *testing.T, c *testcluster.Cluster, mallory *transport.Transport) {
			victim := c.Members[2]
			mustRegister(t, victim, users(victim))
			c.AwaitConverged(prompt)
			defer stays(t, c.Members, "where m3 says that its service is", offers("users", usersAddress(victim)))()
			push := append([]byte{byte(len(victim.Address()))}, victim.Address()...)
			push = slices.Concat(push, []byte{byte(len(meta))}, meta, forgedRecord(t, victim, nil))
			for _, m := range c.Members[:2] {
				for range 10 {
					mallory.Send(recordKind, at(m), push)
					mallory.Deliver(t.Context(), recordKind, at(m), push)
				}
			}
			time.Sleep(time.Minute)
			if said := strings.Join(log.all(), ""); strings.Count(said, "another member") != 1 {
				t.Errorf("the log of m1 says: %s", said)
			}
		}, func(config *cluster.Config) {
			if config.Name == "m1" {
				config.Logger = zerolog.New(&log).Level(zerolog.WarnLevel)
			}
		})
	})
}

// TestAttack_AckOfAnother has a member confirm in the name of another, which hears nothing, that this one knows of a drain.
func TestAttack_AckOfAnother(t *testing.T) {
	withMallory(t, func(t *testing.T, c *testcluster.Cluster, mallory *transport.Transport) {
		deaf, draining := c.Members[0], c.Members[2]
		c.Network.CutOneWay(hosts([]*testcluster.Member{draining}), hosts([]*testcluster.Member{deaf}))
		drained := make(chan error, 1)
		go func() { drained <- draining.Drain(within(t, 2*time.Second)) }()
		time.Sleep(time.Second)
		self, _ := draining.View().Snapshot().Member(draining.Name())
		for range 10 {
			mallory.Send(ackKind, at(draining), ack(idOf(deaf), idOf(draining), self.Boot, 1<<40))
			time.Sleep(10 * time.Millisecond)
		}
		var unconfirmed *cluster.UnconfirmedError
		if err := <-drained; !errors.As(err, &unconfirmed) || !slices.Equal(unconfirmed.Members, []string{deaf.Name()}) {
			t.Errorf("drain: %v, want that %s has not confirmed", err, deaf.Name())
		}
		c.Heal()
	})
}

// TestAttack_HearsayOfAnother has a member pass on, as everybody does where a record did not arrive, what another is said to say of itself.
func TestAttack_HearsayOfAnother(t *testing.T) {
	withMallory(t, func(t *testing.T, c *testcluster.Cluster, mallory *transport.Transport) {
		victim := c.Members[2]
		mustRegister(t, victim, users(victim))
		c.AwaitConverged(prompt)
		defer stays(t, c.Members, "where m3 says that its service is", offers("users", usersAddress(victim)))()
		for _, m := range c.Members[:2] {
			deliver(t, mallory, m, recordsKind, hearsay(forgedRecord(t, victim, nil)))
		}
		time.Sleep(time.Minute)
	})
}

// TestAttack_HearsayIsCorrected has the same told: the owner hears of it, from those who were told or in its own
// acknowledgements, and corrects it for good.
func TestAttack_HearsayIsCorrected(t *testing.T) {
	withMallory(t, func(t *testing.T, c *testcluster.Cluster, mallory *transport.Transport) {
		victim := c.Members[2]
		mustRegister(t, victim, users(victim))
		c.AwaitConverged(prompt)
		for _, m := range c.Members[:2] {
			deliver(t, mallory, m, recordsKind, hearsay(forgedRecord(t, victim, nil)))
		}
		c.AwaitViews(time.Minute, c.Members, offers("users", usersAddress(victim)))
		time.Sleep(time.Minute)
		c.AwaitViews(0, c.Members, offers("users", usersAddress(victim)))
	})
}

// TestAttack_LastBoot has a member tell of a boot of another that no later one can outrank. A restart must be able to all
// the same: the other would be lost for good.
func TestAttack_LastBoot(t *testing.T) {
	withLyingMember(t, func(t *testing.T, c *testcluster.Cluster, _ *pki, mallory *transport.Transport) {
		for _, number := range []uint64{membership.NumberLimit - 1, math.MaxUint64} {
			last := forgedRecord(t, c.Members[2], func(r *membership.Record) { r.Boot = membership.Boot{Number: number, ID: 1} })
			for _, m := range c.Members[:2] {
				deliver(t, mallory, m, recordsKind, hearsay(last))
			}
		}
		time.Sleep(time.Minute)
		c.Restart(c.Members[2])
		c.AwaitConverged(time.Minute)
	})
}
