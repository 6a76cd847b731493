package transport

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"runtime"
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

func TestCheckPacket(t *testing.T) {
	for name, tt := range map[string]struct {
		b    []byte
		want string // in the error; none for a packet that passes
	}{
		"ping":                    {gateMessage(mlPing, gatePing), ""},
		"ping, no source":         {gateMessage(mlPing, mlPingStruct{SeqNo: 1, Node: "b"}), ""},
		"ping, empty source":      {append([]byte{mlPing}, gateMap("SeqNo", 1, "Node", "b", "SourceAddr", []byte{}, "SourcePort", 0, "SourceNode", "")...), ""},
		"indirect ping":           {gateMessage(mlIndirectPing, gateIndirect), ""},
		"ack":                     {gateMessage(mlAck, mlAckStruct{1, nil}), ""},
		"ack with payload":        {gateMessage(mlAck, mlAckStruct{1<<32 - 1, make([]byte, 512)}), ""},
		"suspect":                 {gateMessage(mlSuspect, gateSuspect), ""},
		"alive":                   {gateMessage(mlAlive, gateAlive), ""},
		"alive, IPv6":             {gateMessage(mlAlive, gateBut(gateAlive, func(a *mlAliveStruct) { a.Addr = make([]byte, 16) })), ""},
		"alive, no meta":          {gateMessage(mlAlive, gateBut(gateAlive, func(a *mlAliveStruct) { a.Meta = nil })), ""},
		"alive, most meta":        {gateMessage(mlAlive, gateBut(gateAlive, func(a *mlAliveStruct) { a.Meta = make([]byte, 512) })), ""},
		"alive, longest name":     {gateMessage(mlAlive, gateBut(gateAlive, func(a *mlAliveStruct) { a.Node = strings.Repeat("~", 255) })), ""},
		"alive, later memberlist": {gateMessage(mlAlive, gateBut(gateAlive, func(a *mlAliveStruct) { a.Vsn = []byte{1, 6, 5, 0, 0, 0} })), ""},
		"dead":                    {gateMessage(mlDead, gateSuspect), ""},
		"nack":                    {gateMessage(mlNack, mlNackStruct{1}), ""},
		"compound":                {gateCompound(gateMessage(mlPing, gatePing), gateMessage(mlAlive, gateAlive)), ""},
		"compound of one":         {gateCompound(gateMessage(mlNack, mlNackStruct{1})), ""},
		"checksum":                {gateCRC(gateMessage(mlPing, gatePing)), ""},
		"checked compound":        {gateCRC(gateCompound(gateMessage(mlPing, gatePing), gateMessage(mlAlive, gateAlive))), ""},

		"nothing":   {nil, "it is empty"},
		"push/pull": {gateMessage(mlPushPull, mlHeaderStruct{}), "kind 6 in a packet"},
		"user":      {[]byte{8, 'h', 'i'}, "kind 8 in a packet"},
		"compressed": {gateMessage(9, struct {
			Algo int
			Buf  []byte
		}{}), "kind 9 in a packet"},
		"encrypted":            {[]byte{10, 0, 0, 0, 0}, "kind 10 in a packet"},
		"error":                {gateMessage(mlErr, mlErrStruct{"no"}), "kind 13 in a packet"},
		"labelled":             {append([]byte{244, 1, 'x'}, gateMessage(mlPing, gatePing)...), "kind 244 in a packet"},
		"kind without a body":  {[]byte{mlPing}, "ping: is cut short"},
		"encrypted, version 1": {append([]byte{1}, make([]byte, 28)...), "indirect ping: is no map but 0x00"},

		"checksum cut short":   {gateCRC(nil)[:4], "checksum"},
		"checksum of nothing":  {gateCRC(nil), "it is empty"},
		"wrong checksum":       {gateFlip(gateCRC(gateMessage(mlPing, gatePing)), 1), "checksum"},
		"wrong after checksum": {gateFlip(gateCRC(gateMessage(mlPing, gatePing)), 20), "checksum"},
		"checksum of checksum": {gateCRC(gateCRC(gateMessage(mlPing, gatePing))), "kind 12 in a packet"},

		"compound, no count":              {[]byte{mlCompound}, "compound: no parts"},
		"compound of none":                {gateCompound(), "compound: no parts"},
		"compound, lengths cut":           {[]byte{mlCompound, 2, 0, 4, 0}, "compound: is cut short"},
		"compound, part cut":              {gateCut(gateCompound(gateMessage(mlNack, mlNackStruct{1}), gateMessage(mlNack, mlNackStruct{1}))), "compound: is cut short"},
		"compound, bytes after":           {append(gateCompound(gateMessage(mlNack, mlNackStruct{1})), 0), "compound: 1 bytes too many"},
		"compound, empty part":            {gateCompound(gateMessage(mlNack, mlNackStruct{1}), nil), "it is empty"},
		"compound of compound":            {gateCompound(gateCompound(gateMessage(mlNack, mlNackStruct{1}))), "kind 7 in a packet"},
		"compound of checksum":            {gateCompound(gateCRC(gateMessage(mlNack, mlNackStruct{1}))), "kind 12 in a packet"},
		"compound of user":                {gateCompound(gateMessage(mlNack, mlNackStruct{1}), []byte{8, 1}), "kind 8 in a packet"},
		"compound, part with bytes after": {gateCompound(append(gateMessage(mlNack, mlNackStruct{1}), 0)), "nack: 1 bytes too many"},

		"ping, no node":        {gateMessage(mlPing, gateBut(gatePing, func(p *mlPingStruct) { p.Node = "" })), "field Node has 0 bytes"},
		"ping, long name":      {gateMessage(mlPing, gateBut(gatePing, func(p *mlPingStruct) { p.Node = strings.Repeat("a", 256) })), "field Node has 256 bytes"},
		"ping, space in name":  {gateMessage(mlPing, gateBut(gatePing, func(p *mlPingStruct) { p.Node = "a b" })), `field Node is "a b"`},
		"ping, line in name":   {gateMessage(mlPing, gateBut(gatePing, func(p *mlPingStruct) { p.Node = "a\nb" })), `field Node is "a\nb"`},
		"ping, DEL in name":    {gateMessage(mlPing, gateBut(gatePing, func(p *mlPingStruct) { p.Node = "a\x7f" })), `field Node is`},
		"ping, é in name":      {gateMessage(mlPing, gateBut(gatePing, func(p *mlPingStruct) { p.Node = "é" })), `field Node is "\u00e9"`},
		"ping, bad source":     {gateMessage(mlPing, gateBut(gatePing, func(p *mlPingStruct) { p.SourceNode = " " })), "field SourceNode is"},
		"ping, odd address":    {gateMessage(mlPing, gateBut(gatePing, func(p *mlPingStruct) { p.SourceAddr = gateV4[:3] })), "field SourceAddr has 3 bytes"},
		"ping, no port":        {gateMessage(mlPing, gateBut(gatePing, func(p *mlPingStruct) { p.SourcePort = 0 })), "SourceAddr of 4 bytes with SourcePort 0"},
		"ping, only a port":    {gateMessage(mlPing, gateBut(gatePing, func(p *mlPingStruct) { p.SourceAddr = nil })), "SourceAddr of 0 bytes with SourcePort 7946"},
		"ping, large port":     {append([]byte{mlPing}, gateMap("SeqNo", 1, "Node", "b", "SourceAddr", gateV4, "SourcePort", 65536)...), "field SourcePort is 65536"},
		"ping, no sequence":    {append([]byte{mlPing}, gateMap("Node", "b")...), "field SeqNo is missing"},
		"ping, bytes after":    {append(gateMessage(mlPing, gatePing), 0xc0), "ping: 1 bytes too many"},
		"ping, cut":            {gateCut(gateMessage(mlPing, gatePing)), "is cut short"},
		"ping, as an array":    {gateMessage(mlPing, []any{1, "b"}), "ping: is no map but 0x92"},
		"ping, nil":            {[]byte{mlPing, 0xc0}, "ping: is no map but 0xc0"},
		"ping, unknown field":  {append([]byte{mlPing}, gateMap("SeqNo", 1, "Node", "b", "Nack", true)...), `field "Nack" is not known`},
		"ping, lower case":     {append([]byte{mlPing}, gateMap("seqno", 1, "Node", "b")...), `field "seqno" is not known`},
		"ping, field twice":    {append([]byte{mlPing}, gateMap("SeqNo", 1, "Node", "b", "Node", "c")...), "field Node is there twice"},
		"ping, many fields":    {append([]byte{mlPing}, 0xdf, 0xff, 0xff, 0xff, 0xff), "has 4294967295 fields, 5 at most"},
		"ping, name is number": {append([]byte{mlPing}, gateMap("SeqNo", 1, "Node", 7)...), "field Node is neither text nor bytes but 0x07"},
		"ping, name is nil":    {append([]byte{mlPing}, gateMap("SeqNo", 1, "Node", nil)...), "field Node is neither text nor bytes but 0xc0"},
		"ping, number as name": {append([]byte{mlPing}, gateMap(1, 1, "Node", "b")...), "the name of a field is neither text"},
		"ping, large sequence": {append([]byte{mlPing}, gateMap("SeqNo", uint64(1<<32), "Node", "b")...), "field SeqNo is 4294967296"},
		"ping, below zero":     {append([]byte{mlPing}, gateMap("SeqNo", -1, "Node", "b")...), "field SeqNo is negative"},
		"ping, text as number": {append([]byte{mlPing}, gateMap("SeqNo", "1", "Node", "b")...), "field SeqNo is no number but 0xa1"},

		"indirect ping, odd target":   {gateMessage(mlIndirectPing, gateBut(gateIndirect, func(p *mlIndirectPingStruct) { p.Target = []byte("host1") })), "field Target has 5 bytes"},
		"indirect ping, no target":    {gateMessage(mlIndirectPing, gateBut(gateIndirect, func(p *mlIndirectPingStruct) { p.Target = nil })), "field Target has 0 bytes"},
		"indirect ping, port 0":       {gateMessage(mlIndirectPing, gateBut(gateIndirect, func(p *mlIndirectPingStruct) { p.Port = 0 })), "field Port is 0"},
		"indirect ping, no port":      {gateMessage(mlIndirectPing, gateBut(gateIndirect, func(p *mlIndirectPingStruct) { p.SourcePort = 0 })), "with SourcePort 0"},
		"indirect ping, no node":      {gateMessage(mlIndirectPing, gateBut(gateIndirect, func(p *mlIndirectPingStruct) { p.Node = "" })), "field Node has 0 bytes"},
		"indirect ping, flag is 1":    {append([]byte{mlIndirectPing}, gateMap("SeqNo", 1, "Target", gateV4, "Port", 1, "Node", "b", "Nack", 1)...), "field Nack is no flag but 0x01"},
		"ack, large payload":          {gateMessage(mlAck, mlAckStruct{1, make([]byte, 513)}), "field Payload has 513 bytes"},
		"ack, payload as an array":    {append([]byte{mlAck}, gateMap("SeqNo", 1, "Payload", []int{1})...), "field Payload is neither text nor bytes but 0x91"},
		"ack, payload that is absent": {append([]byte{mlAck}, gateMap("SeqNo", 1, "Payload", rawPack{0xdb, 0xff, 0xff, 0xff, 0xff})...), "field Payload is cut short"},
		"nack with payload":           {gateMessage(mlNack, mlAckStruct{1, nil}), "has 2 fields, 1 at most"},
		"suspect, from nobody":        {gateMessage(mlSuspect, gateBut(gateSuspect, func(s *mlAccusation) { s.From = "" })), "suspect: field From has 0 bytes"},
		"suspect, no node":            {gateMessage(mlSuspect, gateBut(gateSuspect, func(s *mlAccusation) { s.Node = "" })), "suspect: field Node has 0 bytes"},
		"dead, from nobody":           {gateMessage(mlDead, gateBut(gateSuspect, func(s *mlAccusation) { s.From = "" })), "dead: field From has 0 bytes"},
		"dead, odd name":              {gateMessage(mlDead, gateBut(gateSuspect, func(s *mlAccusation) { s.Node = "\x00" })), "dead: field Node is"},
		"dead, no incarnation":        {append([]byte{mlDead}, gateMap("Node", "b", "From", "a")...), "field Incarnation is missing"},

		"alive, odd address":     {gateMessage(mlAlive, gateBut(gateAlive, func(a *mlAliveStruct) { a.Addr = make([]byte, 5) })), "malformed message: alive: field Addr has 5 bytes"},
		"alive, no address":      {gateMessage(mlAlive, gateBut(gateAlive, func(a *mlAliveStruct) { a.Addr = nil })), "field Addr has 0 bytes"},
		"alive, port 0":          {gateMessage(mlAlive, gateBut(gateAlive, func(a *mlAliveStruct) { a.Port = 0 })), "field Port is 0"},
		"alive, large meta":      {gateMessage(mlAlive, gateBut(gateAlive, func(a *mlAliveStruct) { a.Meta = make([]byte, 513) })), "field Meta has 513 bytes"},
		"alive, no versions":     {gateMessage(mlAlive, gateBut(gateAlive, func(a *mlAliveStruct) { a.Vsn = nil })), "field Vsn has 0 bytes"},
		"alive, few versions":    {gateMessage(mlAlive, gateBut(gateAlive, func(a *mlAliveStruct) { a.Vsn = gateVersions[:5] })), "field Vsn has 5 bytes"},
		"alive, many versions":   {gateMessage(mlAlive, gateBut(gateAlive, func(a *mlAliveStruct) { a.Vsn = make([]byte, 7) })), "field Vsn has 7 bytes"},
		"alive, versions absent": {append([]byte{mlAlive}, gateMap("Incarnation", 1, "Node", "b", "Addr", gateV4, "Port", 1, "Meta", nil)...), "field Vsn is missing"},
		"alive, delegate":        {gateMessage(mlAlive, gateBut(gateAlive, func(a *mlAliveStruct) { a.Vsn = []byte{1, 5, 2, 0, 1, 0} })), "field Vsn is 0 to 1 with 0 for the delegate"},
		"alive, large number":    {append([]byte{mlAlive}, gateMap("Incarnation", uint64(1<<63))...), "field Incarnation is 9223372036854775808"},
	} {
		t.Run(name, func(t *testing.T) { gateWants(t, checkPacket(tt.b, ""), tt.want) })
	}
}

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

func TestCheckPacketKnowsTheSender(t *testing.T) {
	for name, b := range map[string][]byte{
		"ping":          gateMessage(mlPing, gatePing),
		"indirect ping": gateMessage(mlIndirectPing, gateIndirect),
		"compound":      gateCRC(gateCompound(gateMessage(mlNack, mlNackStruct{1}), gateMessage(mlPing, gatePing))),
	} {
		t.Run(name, func(t *testing.T) {
			gateWants(t, checkPacket(b, gateMe), "")
			gateWants(t, checkPacket(b, gateYou), `SourceNode is "`+gateMe+`", and the sender "`+gateYou+`"`)
		})
	}
	gateWants(t, checkPacket(gateMessage(mlPing, mlPingStruct{Node: "b"}), gateYou), "") // it says nothing of its source
}

// gatePushPull is a push/pull of nodes with a state after them, as memberlist writes it.
func gatePushPull(state string, nodes ...mlNodeStruct) []byte {
	values := []any{mlHeaderStruct{Nodes: len(nodes), UserStateLen: len(state), Join: true}}
	for _, n := range nodes {
		values = append(values, n)
	}
	return append(gateMessage(mlPushPull, values...), state...)
}

func TestCheckStream(t *testing.T) {
	for name, tt := range map[string]struct {
		b     []byte
		reply bool
		want  string
	}{
		"ping":                   {gateMessage(mlPing, gatePing), false, ""},
		"ack":                    {gateMessage(mlAck, mlAckStruct{1, nil}), true, ""},
		"error":                  {gateMessage(mlErr, mlErrStruct{"remote state is encrypted"}), true, ""},
		"error of nothing":       {gateMessage(mlErr, mlErrStruct{}), true, ""},
		"longest error":          {gateMessage(mlErr, mlErrStruct{strings.Repeat("e", 1024)}), true, ""},
		"push":                   {gatePushPull("state", gateNode, gateNode), false, ""},
		"pull":                   {gatePushPull("", gateNode), true, ""},
		"push of no nodes":       {gatePushPull(""), false, ""},
		"push of large state":    {gatePushPull(strings.Repeat("s", 1<<20), gateNode), false, ""},
		"push, dead node":        {gatePushPull("", gateBut(gateNode, func(n *mlNodeStruct) { n.State = memberlist.StateDead })), false, ""},
		"push, node that left":   {gatePushPull("", gateBut(gateNode, func(n *mlNodeStruct) { n.State = memberlist.StateLeft })), false, ""},
		"push, nothing but maps": {gateMessage(mlPushPull, mlHeaderStruct{Nodes: 1}, gateNode), false, ""},

		"nothing":          {nil, false, "it is empty"},
		"nothing, answer":  {nil, true, "it is empty"},
		"ping as answer":   {gateMessage(mlPing, gatePing), true, "kind 0 in a stream"},
		"ack as question":  {gateMessage(mlAck, mlAckStruct{}), false, "kind 2 in a stream"},
		"error as message": {gateMessage(mlErr, mlErrStruct{}), false, "kind 13 in a stream"},
		"alive":            {gateMessage(mlAlive, gateAlive), false, "kind 4 in a stream"},
		"compound":         {gateCompound(gateMessage(mlPing, gatePing)), false, "kind 7 in a stream"},
		"user":             {gateMessage(8, struct{ UserMsgLen int }{20 << 20}), false, "kind 8 in a stream"},
		"compressed":       {gateMessage(9, mlAckStruct{}), false, "kind 9 in a stream"},
		"encrypted":        {[]byte{10, 0, 0, 0, 0}, false, "kind 10 in a stream"},
		"encrypted answer": {[]byte{10, 0, 0, 0, 0}, true, "kind 10 in a stream"},
		"checksum":         {gateCRC(gateMessage(mlPing, gatePing)), false, "kind 12 in a stream"},
		"labelled":         {append([]byte{244, 1, 'x'}, gateMessage(mlPing, gatePing)...), false, "kind 244 in a stream"},
		"ping, no port":    {gateMessage(mlPing, gateBut(gatePing, func(p *mlPingStruct) { p.SourcePort = 0 })), false, "with SourcePort 0"},
		"ping and more":    {append(gateMessage(mlPing, gatePing), 1, 2), false, "ping: 2 bytes too many"},
		"ack and more":     {append(gateMessage(mlAck, mlAckStruct{}), 1), true, "ack: 1 bytes too many"},
		"error and more":   {append(gateMessage(mlErr, mlErrStruct{}), 1), true, "error: 1 bytes too many"},
		"long error":       {gateMessage(mlErr, mlErrStruct{strings.Repeat("e", 1025)}), true, "field Error has 1025 bytes"},
		"error with lines": {gateMessage(mlErr, mlErrStruct{"no\n[ERR] forged"}), true, `field Error is "no\n[ERR] forged"`},

		"push, no header":      {[]byte{mlPushPull}, false, "push/pull: is cut short"},
		"push, nodes missing":  {append([]byte{mlPushPull}, gateMap("UserStateLen", 0, "Join", true)...), false, "field Nodes is missing"},
		"push, fewer nodes":    {gateMessage(mlPushPull, mlHeaderStruct{Nodes: 2}, gateNode), false, "push/pull: 2 nodes in"},
		"push, node cut":       {gateCut(gatePushPull("", gateNode)), false, "node of a push/pull: field Vsn is cut short"},
		"push, more nodes":     {gateMessage(mlPushPull, mlHeaderStruct{Nodes: 1}, gateNode, gateNode), false, "UserStateLen is 0, and"},
		"push, many nodes":     {gateMessage(mlPushPull, mlHeaderStruct{Nodes: 1 << 20}), false, "push/pull: 1048576 nodes in 0 bytes"},
		"push, too many nodes": {gateMessage(mlPushPull, mlHeaderStruct{Nodes: 1<<20 + 1}), false, "field Nodes is 1048577"},
		"push, below no nodes": {gateMessage(mlPushPull, mlHeaderStruct{Nodes: -1}), false, "field Nodes is negative"},
		"push, state missing":  {gateMessage(mlPushPull, mlHeaderStruct{Nodes: 1, UserStateLen: 1}, gateNode), false, "UserStateLen is 1, and 0 bytes are left"},
		"push, state and more": {append(gatePushPull("state", gateNode), 's'), false, "UserStateLen is 5, and 6 bytes are left"},
		"push, huge state":     {gateMessage(mlPushPull, mlHeaderStruct{UserStateLen: 20<<20 + 1}), false, "field UserStateLen is 20971521"},
		"push, negative state": {gateMessage(mlPushPull, mlHeaderStruct{UserStateLen: -5}), false, "field UserStateLen is negative"},

		"push, no name":        {gatePushPull("", gateBut(gateNode, func(n *mlNodeStruct) { n.Name = "" })), false, "field Name has 0 bytes"},
		"push, odd name":       {gatePushPull("", gateBut(gateNode, func(n *mlNodeStruct) { n.Name = "a b" })), false, "field Name is"},
		"push, odd address":    {gatePushPull("", gateBut(gateNode, func(n *mlNodeStruct) { n.Addr = gateV4[:2] })), false, "field Addr has 2 bytes"},
		"push, port 0":         {gatePushPull("", gateBut(gateNode, func(n *mlNodeStruct) { n.Port = 0 })), false, "field Port is 0"},
		"push, large meta":     {gatePushPull("", gateBut(gateNode, func(n *mlNodeStruct) { n.Meta = make([]byte, 513) })), false, "field Meta has 513 bytes"},
		"push, unknown state":  {gatePushPull("", gateBut(gateNode, func(n *mlNodeStruct) { n.State = 4 })), false, "field State is 4, 3 at most"},
		"push, negative in it": {gatePushPull("", gateBut(gateNode, func(n *mlNodeStruct) { n.State = -1 })), false, "field State is negative"},
		"push, few versions":   {gatePushPull("", gateBut(gateNode, func(n *mlNodeStruct) { n.Vsn = gateVersions[:5] })), false, "field Vsn has 5 bytes"},
		"push, second is odd":  {gatePushPull("", gateNode, gateBut(gateNode, func(n *mlNodeStruct) { n.Vsn = nil })), true, "field Vsn has 0 bytes"},
	} {
		t.Run(name, func(t *testing.T) { gateWants(t, checkStream(tt.b, tt.reply), tt.want) })
	}
}

func TestCheckStreamLeastNode(t *testing.T) {
	least := mlNodeStruct{Name: "a", Addr: gateV4, Port: 1, Vsn: gateVersions}
	if size := len(gatePacked(least)); size != leastNode {
		t.Errorf("the smallest node takes %d bytes, leastNode is %d", size, leastNode)
	}
	gateWants(t, checkStream(gatePushPull("", least, least, least), false), "")
}

// TestGateAllocations wants none for what passes, and little for lengths that nothing is behind.
func TestGateAllocations(t *testing.T) {
	packet := gateCRC(gateCompound(gateMessage(mlIndirectPing, gateIndirect), gateMessage(mlAlive, gateAlive)))
	stream := gatePushPull("state", gateNode, gateNode)
	if allocs := testing.AllocsPerRun(100, func() { _, _ = checkPacket(packet, gateMe), checkStream(stream, true) }); allocs > 0 {
		t.Errorf("%v allocations for a packet and a stream that pass", allocs)
	}
	for name, check := range map[string]func() error{
		"fields": func() error { return checkPacket([]byte{mlPing, 0xdf, 0xff, 0xff, 0xff, 0xff}, "") },
		"bytes":  func() error { return checkPacket([]byte{mlPing, 0x81, 0xdb, 0xff, 0xff, 0xff, 0xff}, "") },
		"name": func() error {
			return checkPacket(append([]byte{mlPing, 0x81, 0xda, 0xff, 0xff}, make([]byte, 0xffff)...), "")
		},
		"nodes": func() error { return checkStream(gateMessage(mlPushPull, mlHeaderStruct{Nodes: 1 << 20}), false) },
		"state": func() error {
			return checkStream(gateMessage(mlPushPull, mlHeaderStruct{UserStateLen: 20 << 20}), false)
		},
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err := check()
			runtime.ReadMemStats(&after)
			gateWants(t, err, errMalformed.Error())
			if grown := after.TotalAlloc - before.TotalAlloc; grown > 256<<10 { // most of it the message itself
				t.Errorf("%d bytes allocated", grown)
			}
		})
	}
}

// TestGateSeeds wants that the seeds of the fuzz targets called real pass, and that those called attack do not.
func TestGateSeeds(t *testing.T) {
	for folder, check := range map[string]func(b []byte, name string) error{
		"FuzzCheckPacket": func(b []byte, _ string) error { return checkPacket(b, "") },
		"FuzzCheckStream": func(b []byte, name string) error { return checkStream(b, strings.Contains(name, "reply")) },
	} {
		files, err := filepath.Glob(filepath.Join("testdata", "fuzz", folder, "*"))
		if err != nil || len(files) < 10 {
			t.Fatalf("%s: %d seeds, %v", folder, len(files), err)
		}
		for _, file := range files {
			name := filepath.Base(file)
			t.Run(folder+"/"+name, func(t *testing.T) {
				switch err := check(gateSeed(t, file), name); {
				case strings.HasPrefix(name, "real"):
					gateWants(t, err, "")
				case strings.HasPrefix(name, "attack"):
					gateWants(t, err, errMalformed.Error())
				}
			})
		}
	}
}

// gateSeed is the bytes that a seed of a fuzz target begins with.
func gateSeed(t *testing.T, file string) []byte {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var quoted string
	if _, err := fmt.Sscanf(string(content), "go test fuzz v1\n[]byte(%q)", &quoted); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return []byte(quoted)
}
