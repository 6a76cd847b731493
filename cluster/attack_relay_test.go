package cluster_test

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/testcluster"
)

// relayRequest asks for an indirect ping.
type relayRequest struct {
	SeqNo      uint32
	Target     []byte
	Port       uint16
	Node       string
	Nack       bool
	SourceAddr []byte `codec:",omitempty"`
	SourcePort uint16 `codec:",omitempty"`
	SourceNode string `codec:",omitempty"`
}

// requestOf asks for a ping of a member at an address.
func requestOf(i int, node string, at netip.AddrPort) []byte {
	return packed(1, relayRequest{SeqNo: uint32(i), Target: at.Addr().AsSlice(), Port: at.Port(), Node: node, Nack: true})
}

// TestFault50_IndirectPings has a member ask another to ping whom there is not, or where a member is not. A memberlist
// sends each of them to any address.
func TestFault50_IndirectPings(t *testing.T) {
	const n = 300
	plainly(t, func(t *testing.T, l *lab) {
		target := l.grow(2)[0]
		p := digPits(t, l.Network, 1)
		for i := range n {
			tell(l.Host(), target.address(), bareSealed(requestOf(i, fmt.Sprintf("x%d", i), p.at(0))))
		}
		time.Sleep(time.Second)
		if got := p.datagrams.Load(); got < n {
			t.Errorf("%d of %d pings went to a third party", got, n)
		}
	})
	for name, plain := range map[string]bool{"grapevine": false, "grapevine, insecure": true} {
		t.Run(name, func(t *testing.T) {
			sealedOver(t, normal, func(t *testing.T, c *testcluster.Cluster) {
				secret := ""
				if !plain {
					secret = cluster.NewSecret()
				}
				for _, name := range []string{"m1", "m2", "m3"} {
					c.Run(c.Network.Host(), cluster.Config{Name: name, Secret: secret, Insecure: plain})
				}
				c.AwaitConverged(time.Minute)
				holder := attacker(t, c.Network.Host(), holderID, keyringOf(t, secret))
				defer holder.Shutdown()
				p := digPits(t, c.Network, 1)
				member := idOf(c.Members[1])
				for i := range n {
					for _, node := range []string{fmt.Sprintf("x%d@%016x", i, i), member} {
						holder.WriteToAddress(requestOf(i, node, p.at(0)), at(c.Members[0]))
					}
					time.Sleep(time.Millisecond)
				}
				time.Sleep(10 * time.Second)
				if p.datagrams.Load()+p.all.Load() > 0 {
					t.Errorf("%d datagrams and %d dials went to a third party", p.datagrams.Load(), p.all.Load())
				}
				if dropped := c.Members[0].Stats().Hearsay; dropped < 2*n {
					t.Errorf("%d requests are counted, want %d", dropped, 2*n)
				}
				c.AwaitViews(0, c.Members, members(3))
			})
		})
	}
}

// elsewhere is a network whose transport says that it is dialled at another address.
type elsewhere struct {
	transport.Network
	at netip.AddrPort
}

func (e elsewhere) FinalAdvertiseAddr(string, int) (net.IP, int, error) {
	return e.at.Addr().AsSlice(), int(e.at.Port()), nil
}

// TestFault50_AnswersGoToTheSender has a member send everything that is answered, each time with the address of a third
// party, by datagram and by stream.
func TestFault50_AnswersGoToTheSender(t *testing.T) {
	plainly(t, func(t *testing.T, l *lab) {
		target := l.grow(2)[0]
		p := digPits(t, l.Network, 1)
		for i := range 100 {
			ping := sourcedPing{uint32(i), "m1", p.at(0).Addr().AsSlice(), p.at(0).Port(), "x"}
			tell(l.Host(), target.address(), bareSealed(packed(pingKind, ping)))
		}
		time.Sleep(time.Second)
		if got := p.datagrams.Load(); got < 100 {
			t.Errorf("%d of 100 answers went to a third party", got)
		}
	})
	for name, tt := range map[string]struct {
		hello bool  // the sender says it of its own address as well, when it greets
		most  int64 // datagrams to the third party
		plain bool
	}{
		"grapevine":                {false, 0, false},
		"grapevine, and greets so": {true, 40, false},
		"grapevine, insecure":      {false, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			with50(t, tt.plain, func(t *testing.T, c *testcluster.Cluster, identity func(string) transport.Identity) {
				p := digPits(t, c.Network, 1)
				third := p.at(0)
				var network transport.Network = c.Network.Host()
				if tt.hello {
					network = elsewhere{network, third}
				}
				liar := attacker(t, network, malloryID, identity("mallory"))
				defer liar.Shutdown()
				target := c.Members[0]
				from := append([]byte{byte(len(malloryID))}, malloryID...)
				question := slices.Concat(from, from, make([]byte, 24), []byte{byte(len(third.String()))}, []byte(third.String()))
				for i := range 100 {
					liar.Send(4, at(target), question)
					liar.Deliver(t.Context(), 4, at(target), question)
					ping := packed(pingKind, sourcedPing{uint32(i), idOf(target), third.Addr().AsSlice(), third.Port(), malloryID})
					liar.WriteToAddress(ping, at(target))
					nack := relayRequest{SeqNo: uint32(i), Node: idOf(c.Members[1]), Nack: true, SourceAddr: third.Addr().AsSlice(),
						SourcePort: third.Port(), SourceNode: malloryID}
					there := c.Members[1].Host.Address()
					nack.Target, nack.Port = there.Addr().AsSlice(), there.Port()
					liar.WriteToAddress(packed(1, nack), at(target))
					time.Sleep(20 * time.Millisecond)
				}
				time.Sleep(10 * time.Second)
				if got := p.datagrams.Load(); got > tt.most {
					t.Errorf("%d datagrams went to a third party, want %d at most", got, tt.most)
				}
				if p.most.Load() > 1 || p.all.Load() > 0 && !tt.hello {
					t.Errorf("a third party was dialled %d times, %d at a time", p.all.Load(), p.most.Load())
				}
				t.Logf("%d datagrams, %d dials", p.datagrams.Load(), p.all.Load())
			})
		})
	}
}

// withMember50 runs an attack on three members with certificates.
func withMember50(t *testing.T, test func(t *testing.T, c *testcluster.Cluster, authority *pki)) {
	t.Helper()
	sealedOver(t, normal, func(t *testing.T, c *testcluster.Cluster) {
		authority := newPKI(t)
		for _, name := range []string{"m1", "m2", "m3"} {
			c.Run(c.Network.Host(), authority.member(name))
		}
		c.AwaitConverged(time.Minute)
		test(t, c, authority)
		c.AwaitViews(0, c.Members, members(3))
	})
}

// with50 is withMember50, or runs the attack on three members without any identity.
func with50(t *testing.T, plain bool,
	test func(t *testing.T, c *testcluster.Cluster, identity func(name string) transport.Identity)) {
	t.Helper()
	if !plain {
		withMember50(t, func(t *testing.T, c *testcluster.Cluster, authority *pki) {
			test(t, c, func(name string) transport.Identity { return authority.identity(authority.issue(name)) })
		})
		return
	}
	sealedOver(t, normal, func(t *testing.T, c *testcluster.Cluster) {
		for _, name := range []string{"m1", "m2", "m3"} {
			c.Run(c.Network.Host(), cluster.Config{Name: name, Insecure: true})
		}
		c.AwaitConverged(time.Minute)
		test(t, c, func(string) transport.Identity { return nil })
		c.AwaitViews(0, c.Members, members(3))
	})
}

// TestFault50_StateOfAnother has a member exchange state in the name of another: it is not believed, and is counted.
func TestFault50_StateOfAnother(t *testing.T) {
	withMember50(t, func(t *testing.T, c *testcluster.Cluster, authority *pki) {
		liar := attacker(t, c.Network.Host(), malloryID, authority.identity(authority.issue("mallory")))
		defer liar.Shutdown()
		before := c.Members[0].Stats().Malformed
		for sender, counted := range map[string]uint64{idOf(c.Members[1]): 1, malloryID: 0} {
			state := append([]byte{2, byte(len(sender))}, sender...)
			state = append(state, make([]byte, 8)...)
			exchange := append(packed(pushPullKind, pushPullHead{0, len(state), true}), state...)
			if answer := offer(t, liar, c.Members[0], exchange); len(answer) == 0 {
				t.Errorf("%s: the exchange is refused", sender)
			}
			after := c.Members[0].Stats().Malformed
			if after-before != counted {
				t.Errorf("a state of %s, sent by mallory: %d counted, want %d", sender, after-before, counted)
			}
			before = after
		}
	})
}
