package transport_test

import (
	"bytes"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/go-msgpack/v2/codec"

	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/testcluster"
)

// sized notes how large the last datagram is.
type sized struct {
	transport.Network
	last atomic.Int64
}

func (s *sized) WriteToAddress(b []byte, to transport.Address) (time.Time, error) {
	s.last.Store(int64(len(b)))
	return s.Network.WriteToAddress(b, to)
}

// mapped is a network that is dialled at another address than its datagrams come from.
type mapped struct {
	transport.Network
	dialled netip.AddrPort
}

func (m mapped) FinalAdvertiseAddr(string, int) (net.IP, int, error) {
	return m.dialled.Addr().AsSlice(), int(m.dialled.Port()), nil
}

func packed(kind byte, fields map[string]any) []byte {
	buf := bytes.NewBuffer([]byte{kind})
	if err := codec.NewEncoder(buf, &codec.MsgpackHandle{}).Encode(fields); err != nil {
		panic(err)
	}
	return buf.Bytes()
}

// pingOf is memberlist's from a to b.
func pingOf(a *end) []byte {
	own := netip.MustParseAddrPort(a.Address())
	return packed(0, map[string]any{"SeqNo": 70000, "Node": "bob@00000000000000b0",
		"SourceAddr": own.Addr().AsSlice(), "SourcePort": own.Port(), "SourceNode": "ada@0000000000000001"})
}

// wantPing is what memberlist gets at the other end.
func wantPing(t *testing.T, b *end, from string) {
	t.Helper()
	got := <-b.PacketCh()
	var ping struct {
		SeqNo            uint32
		Node, SourceNode string
		SourceAddr       []byte
	}
	if err := codec.NewDecoderBytes(got.Buf[1:], &codec.MsgpackHandle{}).Decode(&ping); err != nil {
		t.Fatal(err)
	}
	if ping.Node != "bob@00000000000000b0" || ping.SourceNode != "ada@0000000000000001" || ping.SourceAddr != nil {
		t.Errorf("it gets %+v", ping)
	}
	if got.From.String() != from {
		t.Errorf("it would answer to %v, want %v", got.From, from)
	}
}

// TestPingsAreSmall has a ping of memberlist's of 101 bytes, and its answer, take few on the network.
func TestPingsAreSmall(t *testing.T) {
	bothWays(t, func(t *testing.T, n *testcluster.Network, config func(string) transport.Config) {
		host, c := n.Host(), config("ada@0000000000000001")
		sent := &sized{Network: host}
		c.Network = sent
		a, b := openOn(t, host, c), open(t, n, config("bob@00000000000000b0"))
		send(t, a, at(b, "bob@00000000000000b0"), "for keys")
		time.Sleep(time.Second)
		pingSize, ackSize := 17+1+8+16, 17+1+12+16
		if c.Identity == nil {
			pingSize, ackSize = 9+1+8+20, 9+1+12
		}
		says := func(size int, packet []byte) {
			t.Helper()
			if _, err := a.WriteToAddress(packet, at(b, "bob@00000000000000b0")); err != nil {
				t.Fatal(err)
			}
			if got := int(sent.last.Load()); got != size {
				t.Errorf("%d bytes became a datagram of %d, want %d", len(packet), got, size)
			}
			if got := <-b.PacketCh(); got.Buf[0] != packet[0] {
				t.Errorf("memberlist gets %q for %q", got.Buf, packet)
			}
		}
		says(pingSize, pingOf(a))
		asked := packed(0, map[string]any{"SeqNo": 70000, "Node": "ada@0000000000000001"})
		if _, err := b.WriteToAddress(asked, at(a, "ada@0000000000000001")); err != nil {
			t.Fatal(err)
		}
		says(ackSize, packed(2, map[string]any{"SeqNo": numberOf(<-a.PacketCh()), "Payload": []byte("a digest")}))
	})
}

// numberOf is the number of a ping.
func numberOf(packet *transport.Packet) uint32 {
	var ping struct{ SeqNo uint32 }
	if err := codec.NewDecoderBytes(packet.Buf[1:], &codec.MsgpackHandle{}).Decode(&ping); err != nil {
		panic(err)
	}
	return ping.SeqNo
}

// TestPingsAreAnsweredWhereTheyCameFrom holds that a ping comes whole to memberlist, and that it answers where it is heard.
func TestPingsAreAnsweredWhereTheyCameFrom(t *testing.T) {
	bothWays(t, func(t *testing.T, n *testcluster.Network, config func(string) transport.Config) {
		a, b := open(t, n, config("ada@0000000000000001")), open(t, n, config("bob@00000000000000b0"))
		a.WriteToAddress(pingOf(a), at(b, "bob@00000000000000b0"))
		wantPing(t, b, a.Address())

		host, c := n.Host(), config("ada@0000000000000001")
		c.Network = mapped{host, netip.MustParseAddrPort("192.0.2.7:7946")}
		behind := openOn(t, host, c)
		send(t, behind, at(b, "bob@00000000000000b0"), "for keys")
		time.Sleep(time.Second)
		behind.WriteToAddress(pingOf(behind), at(b, "bob@00000000000000b0"))
		wantPing(t, b, host.Address().String())

		n.SetNormal(testcluster.Link{Latency: time.Millisecond, NoDatagrams: true})
		for range 10 { // until it is known that no datagram passes
			time.Sleep(10 * time.Second)
			a.WriteToAddress(pingOf(a), at(b, "bob@00000000000000b0"))
		}
		wantPing(t, b, a.Address())
	})
}

// TestAddressIsThatOfTheOwner has somebody tell of a wrong address before the owner is met.
func TestAddressIsThatOfTheOwner(t *testing.T) {
	town(t, func(t *testing.T, n *testcluster.Network) {
		a, b := open(t, n, sealed(t, "a@1")), echoing(t, n, sealed(t, "b@1"))
		send(t, b, transport.Address{Addr: n.Host().Address().String(), Name: "a@1"}, "to nobody")
		time.Sleep(time.Minute)
		if err := a.Send(kindB, at(b, "b@1"), []byte("echo")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if got := a.messages(); len(got) != 1 || got[0] != "echo" {
			t.Errorf("a got %q", got)
		}
	})
}
