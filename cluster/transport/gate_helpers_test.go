package transport

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"strings"
	"testing"

	"github.com/hashicorp/go-msgpack/v2/codec"
	"github.com/hashicorp/memberlist"
)

// The structs of memberlist's net.go, which it keeps to itself.
type (
	mlPingStruct struct {
		SeqNo      uint32
		Node       string
		SourceAddr []byte `codec:",omitempty"`
		SourcePort uint16 `codec:",omitempty"`
		SourceNode string `codec:",omitempty"`
	}
	mlIndirectPingStruct struct {
		SeqNo      uint32
		Target     []byte
		Port       uint16
		Node       string
		Nack       bool
		SourceAddr []byte `codec:",omitempty"`
		SourcePort uint16 `codec:",omitempty"`
		SourceNode string `codec:",omitempty"`
	}
	mlAckStruct struct {
		SeqNo   uint32
		Payload []byte
	}
	mlNackStruct struct{ SeqNo uint32 }
	mlErrStruct  struct{ Error string }
	mlAccusation struct { // suspect and dead
		Incarnation uint32
		Node, From  string
	}
	mlAliveStruct struct {
		Incarnation uint32
		Node        string
		Addr        []byte
		Port        uint16
		Meta        []byte
		Vsn         []uint8
	}
	mlHeaderStruct struct {
		Nodes        int
		UserStateLen int
		Join         bool
	}
	mlNodeStruct struct {
		Name        string
		Addr        []byte
		Port        uint16
		Meta        []byte
		Incarnation uint32
		State       memberlist.NodeStateType
		Vsn         []uint8
	}
)

// gatePacked is what memberlist's codec makes of values, one after the other.
func gatePacked(values ...any) []byte {
	var buf bytes.Buffer
	encoder := codec.NewEncoder(&buf, &codec.MsgpackHandle{})
	for _, v := range values {
		if err := encoder.Encode(v); err != nil {
			panic(err)
		}
	}
	return buf.Bytes()
}

func gateMessage(kind byte, values ...any) []byte {
	return append([]byte{kind}, gatePacked(values...)...)
}

func gateCRC(message []byte) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{mlCRC}, crc32.ChecksumIEEE(message)), message...)
}

func gateCompound(parts ...[]byte) []byte {
	b := []byte{mlCompound, byte(len(parts))}
	for _, part := range parts {
		b = binary.BigEndian.AppendUint16(b, uint16(len(part)))
	}
	return append(b, bytes.Join(parts, nil)...)
}

// One message of each kind, and what may be changed in it.
var (
	gateV4       = []byte{192, 0, 2, 1}
	gateVersions = []byte{1, 5, 2, 0, 0, 0}
	gateMe       = "ada@0000000000000001"
	gateYou      = "bob@00000000000000b0"

	gatePing     = mlPingStruct{SeqNo: 1, Node: gateYou, SourceAddr: gateV4, SourcePort: 7946, SourceNode: gateMe}
	gateIndirect = mlIndirectPingStruct{SeqNo: 2, Target: gateV4, Port: 7946, Node: gateYou, Nack: true, SourceAddr: gateV4, SourcePort: 7946, SourceNode: gateMe}
	gateAlive    = mlAliveStruct{Incarnation: 1, Node: gateYou, Addr: gateV4, Port: 7946, Meta: []byte("meta"), Vsn: gateVersions}
	gateSuspect  = mlAccusation{Incarnation: 1, Node: gateYou, From: gateMe}
	gateNode     = mlNodeStruct{Name: gateYou, Addr: gateV4, Port: 7946, Meta: []byte("meta"), Incarnation: 1, Vsn: gateVersions}
)

// gateBut is v changed by change.
func gateBut[T any](v T, change func(*T)) T { change(&v); return v }

// gateMap is what the codec makes of a struct with the fields that pairs say: names and values in turns.
func gateMap(pairs ...any) []byte {
	b := []byte{0x80 | byte(len(pairs)/2)}
	for _, v := range pairs {
		if raw, ok := v.(rawPack); ok {
			b = append(b, raw...)
		} else {
			b = append(b, gatePacked(v)...)
		}
	}
	return b
}

// rawPack is in msgpack already.
type rawPack []byte

// gateWants wants no error, or a bounded one in printable ASCII with want in it.
func gateWants(t *testing.T, err error, want string) {
	t.Helper()
	if want == "" {
		if err != nil {
			t.Errorf("refused: %v", err)
		}
		return
	}
	if !errors.Is(err, errMalformed) || !strings.Contains(err.Error(), want) {
		t.Fatalf("error is %v, want errMalformed with %q", err, want)
	}
	gateErrorIsFit(t, err)
}

// gateErrorIsFit wants an error that may be logged whatever the peer sent.
func gateErrorIsFit(t *testing.T, err error) {
	t.Helper()
	if text := err.Error(); len(text) > 1024 || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) {
		t.Errorf("error of %d bytes: %+q", len(text), text)
	}
}

func gateFlip(b []byte, at int) []byte { b[at] ^= 1; return b }
func gateCut(b []byte) []byte          { return b[:len(b)-1] }

// gatePushPull is a push/pull of nodes with a state after them, as memberlist writes it.
func gatePushPull(state string, nodes ...mlNodeStruct) []byte {
	values := []any{mlHeaderStruct{Nodes: len(nodes), UserStateLen: len(state), Join: true}}
	for _, n := range nodes {
		values = append(values, n)
	}
	return append(gateMessage(mlPushPull, values...), state...)
}
