package cluster_test

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/testcluster"
)

// withLyingPeer is withLiar, where mallory speaks for a member that the others know.
func withLyingPeer(t *testing.T, test func(t *testing.T, c *testcluster.Cluster, member *testcluster.Member, mallory *transport.Transport, victim *testcluster.Member)) {
	t.Helper()
	withLiar(t, func(t *testing.T, c *testcluster.Cluster, authority *pki, _ *transport.Transport, victim *testcluster.Member) {
		member := c.Run(c.Network.Host(), authority.member("mallory"))
		c.AwaitConverged(time.Minute)
		mallory := attacker(t, c.Network.Host(), idOf(member), authority.identity(authority.issue("mallory")))
		defer mallory.Shutdown()
		test(t, c, member, mallory, victim)
	})
}

// TestFault49_ConfirmedByNobody has the liar confirm, as a peer and as a relay, versions that it was never sent.
func TestFault49_ConfirmedByNobody(t *testing.T) {
	withLyingPeer(t, func(t *testing.T, c *testcluster.Cluster, member *testcluster.Member, mallory *transport.Transport, victim *testcluster.Member) {
		id := idOf(member)
		deaf := c.Members[0]
		c.Network.CutOneWay(hosts([]*testcluster.Member{victim}), hosts([]*testcluster.Member{deaf, member}))
		time.Sleep(100 * time.Millisecond)
		self, _ := victim.View().Snapshot().Member("m3")
		drained := make(chan error, 1)
		confirm := func() {
			for version := range uint64(40) {
				mallory.Send(ackKind, at(victim), ack(id, idOf(victim), self.Boot, version))
				relayed := append([]byte{byte(len(id))}, id...)
				relayed = binary.BigEndian.AppendUint64(relayed, version)
				for _, m := range c.Members {
					known, _ := m.View().Snapshot().Member(m.Name())
					relayed = binary.BigEndian.AppendUint64(relayed, known.Boot.ID)
				}
				mallory.Send(liarRelayed, at(victim), relayed)
			}
		}
		confirm()
		go func() { drained <- victim.Drain(within(t, 600*time.Millisecond)) }()
		for range 5 {
			time.Sleep(100 * time.Millisecond)
			confirm()
		}
		err := <-drained
		if err == nil {
			t.Error("the drain is confirmed by a member that did not hear of it")
		}
		c.Heal()
	})
}

// TestFault49_FewVersionsForLies counts what confirmations of versions that were never written make the victim send.
func TestFault49_FewVersionsForLies(t *testing.T) {
	withLyingPeer(t, func(t *testing.T, c *testcluster.Cluster, member *testcluster.Member, mallory *transport.Transport, victim *testcluster.Member) {
		before := victim.View().Snapshot().Version()
		self, _ := victim.View().Snapshot().Member("m3")
		for i := range uint64(10_000) {
			mallory.Send(ackKind, at(victim), ack(idOf(member), idOf(victim), self.Boot, 1000+10*i))
			time.Sleep(time.Millisecond)
		}
		if wrote := victim.View().Snapshot().Version() - before; wrote > 15 {
			t.Errorf("%d versions in 10 s", wrote)
		}
	})
}
