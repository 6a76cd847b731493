package transport

import (
	"strings"
	"testing"
)

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
