package transport

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"github.com/hashicorp/go-msgpack/v2/codec"
)

// shortEnd is as much of a transport as short forms need.
func shortEnd(id string, sealed bool) *Transport {
	t := &Transport{own: hello{id: id, address: netip.AddrPortFrom(netip.AddrFrom4([4]byte(gateV4)), 7946).String()}}
	if sealed {
		t.identity = new(Keyring)
	}
	return t
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
		for _, sealed := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, sealed %v", name, sealed), func(t *testing.T) {
				vouched := gateMe
				if !sealed {
					vouched = ""
					if tt.kind == kindPing {
						tt.size += len(gateMe)
					}
				}
				kind, short, ok := shortEnd(gateMe, sealed).shorten(tt.b, to)
				if kind != tt.kind || ok != (tt.kind != 0) || len(short) != tt.size {
					t.Fatalf("kind %#x, %d bytes, %v: want kind %#x, %d bytes", kind, len(short), ok, tt.kind, tt.size)
				}
				if ok {
					readsTheSame(t, kind, short, vouched, tt.b)
				}
			})
		}
	}
}

// readsTheSame holds a short form, at the other end, against the packet that it was made of.
func readsTheSame(t *testing.T, kind Kind, short []byte, vouched string, b []byte) {
	t.Helper()
	long, err := shortEnd(gateYou, vouched != "").lengthen(kind, short, vouched)
	if err != nil {
		t.Fatal(err)
	}
	if err := checkPacket(long, vouched); err != nil {
		t.Errorf("the gate: %v", err)
	}
	if kind == kindAck {
		got, want := unpack[mlAckStruct](t, long[1:]), unpack[mlAckStruct](t, b[1:])
		if got.SeqNo != want.SeqNo || !bytes.Equal(got.Payload, want.Payload) {
			t.Errorf("%+v, want %+v", got, want)
		}
		return
	}
	want := unpack[mlPingStruct](t, b[1:])
	want.SourceAddr, want.SourcePort = nil, 0 // it is answered where it came from
	if got := unpack[mlPingStruct](t, long[1:]); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// TestFault31_ShortFormsStay holds the bytes of short forms, which members of other releases read.
func TestFault31_ShortFormsStay(t *testing.T) {
	for want, tt := range map[string]struct {
		b      []byte
		sealed bool
	}{
		"\xf3\x00\x00\x00\x01\x2a\xf0\x33\xbe":                     {gateMessage(mlPing, gatePing), true},
		"\xf3\x00\x00\x00\x01\x2a\xf0\x33\xbeada@0000000000000001": {gateMessage(mlPing, gatePing), false},
		"\xf4\x00\x00\x00\x07digest":                               {gateMessage(mlAck, mlAckStruct{7, []byte("digest")}), true},
	} {
		kind, short, _ := shortEnd(gateMe, tt.sealed).shorten(tt.b, Address{Name: gateYou})
		if got := string(append([]byte{byte(kind)}, short...)); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestShortFormsRefused(t *testing.T) {
	sum := binary.BigEndian.AppendUint32(nil, sumOf(gateYou))
	ping := func(name string) []byte { return append(append([]byte{0, 0, 0, 1}, sum...), name...) }
	for name, tt := range map[string]struct {
		kind   Kind
		short  []byte
		sender string
		want   string // in the error; none for one that is dropped without
	}{
		"nothing of a ping":           {kindPing, nil, gateMe, "ping: is cut short"},
		"ping, cut":                   {kindPing, ping("")[:7], gateMe, "ping: is cut short"},
		"ping, bytes after":           {kindPing, ping("x"), gateMe, "ping: 1 bytes too many"},
		"ping, from nobody":           {kindPing, ping(""), "", "SourceNode is"},
		"ping, from an odd name":      {kindPing, ping("a b"), "", "SourceNode is"},
		"ping, from a long name":      {kindPing, ping(strings.Repeat("a", 129)), "", "SourceNode is"},
		"ping, for who was here":      {kindPing, []byte{0, 0, 0, 1, 0, 0, 0, 2}, gateMe, ""},
		"ping, unsealed, for another": {kindPing, []byte{0, 0, 0, 1, 0, 0, 0, 2, 'a'}, "", ""},
		"nothing of an ack":           {kindAck, nil, gateMe, "ack: 0 bytes"},
		"ack, cut":                    {kindAck, []byte{0, 0, 0}, gateMe, "ack: 3 bytes"},
		"ack, too long a payload":     {kindAck, make([]byte, shortHeader+mostPayload+1), gateMe, "ack: 517 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			long, err := shortEnd(gateYou, tt.sender != "").lengthen(tt.kind, tt.short, tt.sender)
			if long != nil {
				t.Errorf("it becomes %q", long)
			}
			if tt.want == "" && err == nil {
				return
			}
			gateWants(t, err, tt.want)
		})
	}
}

// FuzzLengthen holds that whatever comes in a short form, memberlist gets what the gate would let through, and nothing else.
func FuzzLengthen(f *testing.F) {
	ping := append(binary.BigEndian.AppendUint32([]byte{0, 0, 0, 1}, sumOf(gateYou)), gateMe...)
	f.Add(true, true, ping[:8])
	f.Add(true, false, ping)
	f.Add(false, true, []byte{0, 0, 0, 1, 'p'})
	f.Add(false, false, make([]byte, shortHeader+mostPayload+1))
	f.Fuzz(func(t *testing.T, ping, sealed bool, short []byte) {
		kind, sender := kindAck, ""
		if ping {
			kind = kindPing
		}
		if sealed {
			sender = gateMe
		}
		long, err := shortEnd(gateYou, sealed).lengthen(kind, short, sender)
		if err != nil {
			gateErrorIsFit(t, err)
			return
		}
		if long == nil && kind == kindPing {
			return // for somebody else
		}
		if err := checkPacket(long, sender); err != nil {
			t.Errorf("%x becomes %x, which the gate refuses: %v", short, long, err)
		}
	})
}
