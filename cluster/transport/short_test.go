package transport

import (
	"bytes"
	"net/netip"
	"reflect"
	"testing"

	"github.com/hashicorp/go-msgpack/v2/codec"
)

// shortEnd is as much of a transport as shortening needs.
func shortEnd(id string) *Transport {
	return &Transport{own: hello{id: id, address: netip.AddrPortFrom(netip.AddrFrom4([4]byte(gateV4)), 7946).String()}}
}

func unpack[T any](t *testing.T, b []byte) (v T) {
	t.Helper()
	if err := codec.NewDecoderBytes(b, &codec.MsgpackHandle{}).Decode(&v); err != nil {
		t.Fatalf("memberlist's codec: %v", err)
	}
	return v
}

// TestShortForms holds that memberlist reads the same, whichever way its message took, and that what is not as usual takes the long one.
func TestShortForms(t *testing.T) {
	me, you := shortEnd(gateMe), shortEnd(gateYou)
	to := Address{Addr: "192.0.2.2:7946", Name: gateYou}
	ping := func(change func(*mlPingStruct)) []byte { return gateMessage(mlPing, gateBut(gatePing, change)) }
	for name, tt := range map[string]struct {
		b    []byte
		kind Kind // 0: it has no short form
		size int
	}{
		"ping":                    {gateMessage(mlPing, gatePing), kindPing, 8},
		"ping, largest number":    {ping(func(p *mlPingStruct) { p.SeqNo = 1<<32 - 1 }), kindPing, 8},
		"ping, for another":       {ping(func(p *mlPingStruct) { p.Node = gateMe }), 0, 0},
		"ping, from another":      {ping(func(p *mlPingStruct) { p.SourceNode = gateYou }), 0, 0},
		"ping, from nobody":       {ping(func(p *mlPingStruct) { p.SourceNode = "" }), 0, 0},
		"ping, other address":     {ping(func(p *mlPingStruct) { p.SourceAddr = []byte{192, 0, 2, 9} }), 0, 0},
		"ping, other port":        {ping(func(p *mlPingStruct) { p.SourcePort = 7947 }), 0, 0},
		"ping, no address":        {ping(func(p *mlPingStruct) { p.SourceAddr, p.SourcePort = nil, 0 }), 0, 0},
		"ping, IPv4 in IPv6":      {ping(func(p *mlPingStruct) { p.SourceAddr = netip.MustParseAddr("::ffff:192.0.2.1").AsSlice() }), kindPing, 8},
		"ping, bytes after":       {append(gateMessage(mlPing, gatePing), 0), 0, 0},
		"ping, cut":               {gateCut(gateMessage(mlPing, gatePing)), 0, 0},
		"ping, with a checksum":   {gateCRC(gateMessage(mlPing, gatePing)), 0, 0},
		"ping, and something":     {gateCompound(gateMessage(mlPing, gatePing), gateMessage(mlSuspect, gateSuspect)), 0, 0},
		"ack":                     {gateMessage(mlAck, mlAckStruct{1, nil}), kindAck, 4},
		"ack, with payload":       {gateMessage(mlAck, mlAckStruct{1<<32 - 1, []byte("a digest")}), kindAck, 12},
		"ack, with long payload":  {gateMessage(mlAck, mlAckStruct{7, bytes.Repeat([]byte{0xff}, 512)}), kindAck, 516},
		"ack, too long a payload": {gateMessage(mlAck, mlAckStruct{7, make([]byte, 513)}), 0, 0},
		"ack, bytes after":        {append(gateMessage(mlAck, mlAckStruct{1, nil}), 0), 0, 0},
		"nack":                    {gateMessage(mlNack, mlNackStruct{1}), 0, 0},
		"nothing":                 {nil, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			kind, short, ok := me.shorten(tt.b, to)
			if kind != tt.kind || ok != (tt.kind != 0) || len(short) != tt.size {
				t.Fatalf("kind %#x, %d bytes, %v: want kind %#x, %d bytes", kind, len(short), ok, tt.kind, tt.size)
			}
			if !ok {
				return
			}
			long, err := you.lengthen(kind, short, gateMe)
			if err != nil {
				t.Fatal(err)
			}
			if err := checkPacket(long, gateMe); err != nil {
				t.Errorf("the gate: %v", err)
			}
			if kind == kindAck {
				got, want := unpack[mlAckStruct](t, long[1:]), unpack[mlAckStruct](t, tt.b[1:])
				if got.SeqNo != want.SeqNo || !bytes.Equal(got.Payload, want.Payload) {
					t.Errorf("%+v, want %+v", got, want)
				}
				return
			}
			want := unpack[mlPingStruct](t, tt.b[1:])
			want.SourceAddr, want.SourcePort = nil, 0 // the packet says where it is from
			if got := unpack[mlPingStruct](t, long[1:]); !reflect.DeepEqual(got, want) {
				t.Errorf("%+v, want %+v", got, want)
			}
		})
	}
}

// TestShortPingForAnother restarts a member on its address: the old one's pings are not answered for it.
func TestShortPingForAnother(t *testing.T) {
	to := Address{Addr: "192.0.2.2:7946", Name: gateYou}
	kind, short, ok := shortEnd(gateMe).shorten(gateMessage(mlPing, gatePing), to)
	if !ok {
		t.Fatal("it has no short form")
	}
	if long, err := shortEnd("bob@00000000000000b1").lengthen(kind, short, gateMe); long != nil || err != nil {
		t.Errorf("%q, %v", long, err)
	}
}

// FuzzLengthen holds that whatever comes in a short form, memberlist gets what the gate would let through, and nothing else.
func FuzzLengthen(f *testing.F) {
	f.Add(true, []byte{0, 0, 0, 1, 0, 0, 0, 0})
	f.Add(false, []byte{0, 0, 0, 1, 'p'})
	f.Add(false, []byte{0, 0, 0})
	f.Add(false, make([]byte, shortHeader+mostPayload+1))
	you := shortEnd(gateYou)
	f.Fuzz(func(t *testing.T, ping bool, short []byte) {
		kind := kindAck
		if ping {
			kind = kindPing
		}
		long, err := you.lengthen(kind, short, gateMe)
		if err != nil {
			gateErrorIsFit(t, err)
			return
		}
		if long == nil && kind == kindPing {
			return // for somebody else
		}
		if err := checkPacket(long, gateMe); err != nil {
			t.Errorf("%x becomes %x, which the gate refuses: %v", short, long, err)
		}
	})
}
