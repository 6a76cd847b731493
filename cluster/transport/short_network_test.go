package transport_test

import (
	"bytes"
	"net/netip"
	"testing"
	"time"

	"github.com/hashicorp/go-msgpack/v2/codec"

	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/testcluster"
)

// sizes notes how large the datagrams are.
type sizes struct {
	transport.Network
	sent []int
}

func (s *sizes) WriteToAddress(b []byte, to transport.Address) (time.Time, error) {
	s.sent = append(s.sent, len(b))
	return s.Network.WriteToAddress(b, to)
}

// TestPingsAreSmall has a ping of memberlist's, and its answer, take few bytes on the network, and memberlist
// at the other end know where to answer.
func TestPingsAreSmall(t *testing.T) {
	bothWays(t, func(t *testing.T, n *testcluster.Network, config func(string) transport.Config) {
		measured := func(self string) (*end, *sizes) {
			c, host := config(self), n.Host()
			s := &sizes{Network: host}
			c.Network = s
			return openOn(t, host, c), s
		}
		a, sentByA := measured("ada@0000000000000001")
		b, sentByB := measured("bob@00000000000000b0")
		send(t, a, at(b, "bob@00000000000000b0"), "for keys")
		time.Sleep(time.Second)
		send(t, b, at(a, "ada@0000000000000001"), "so that b knows a")
		time.Sleep(time.Second)
		own := netip.MustParseAddrPort(a.Address())
		ping := packed(0, map[string]any{"SeqNo": 70000, "Node": "bob@00000000000000b0",
			"SourceAddr": own.Addr().AsSlice(), "SourcePort": own.Port(), "SourceNode": "ada@0000000000000001"})
		ack := packed(2, map[string]any{"SeqNo": 70000, "Payload": []byte("a digest")})
		most := 17 + 1 + 12 + 16
		if config("x").Identity == nil {
			most = 9 + 1 + 12
		}
		for _, one := range []struct {
			packet   []byte
			from, to *end
			name     string
			sent     *sizes
		}{{ping, a, b, "bob@00000000000000b0", sentByA}, {ack, b, a, "ada@0000000000000001", sentByB}} {
			if _, err := one.from.WriteToAddress(one.packet, at(one.to, one.name)); err != nil {
				t.Fatal(err)
			}
			got := <-one.to.PacketCh()
			if got.Buf[0] != one.packet[0] || !bytes.Contains(got.Buf, []byte{0xce, 0, 1, 0x11, 0x70}) {
				t.Errorf("memberlist gets %q for %q", got.Buf, one.packet)
			}
			if got.From.String() != one.from.Address() {
				t.Errorf("it is from %v, want %v", got.From, one.from.Address())
			}
			size := one.sent.sent[len(one.sent.sent)-1]
			if t.Logf("%d bytes became a datagram of %d", len(one.packet), size); size > most {
				t.Errorf("%d bytes became a datagram of %d, want %d at most", len(one.packet), size, most)
			}
		}
	})
}

func packed(kind byte, fields map[string]any) []byte {
	var buf bytes.Buffer
	buf.WriteByte(kind)
	if err := codec.NewEncoder(&buf, &codec.MsgpackHandle{}).Encode(fields); err != nil {
		panic(err)
	}
	return buf.Bytes()
}
