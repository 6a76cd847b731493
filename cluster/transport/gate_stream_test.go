package transport

import (
	"strings"
	"testing"

	"github.com/hashicorp/memberlist"
)

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
