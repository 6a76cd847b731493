package transport

import (
	"hash/crc32"
	"math"
	"slices"
)

// The first byte of a message (memberlist's net.go). No other passes, see notCarried.
const (
	mlPing         byte = 0
	mlIndirectPing byte = 1
	mlAck          byte = 2
	mlSuspect      byte = 3
	mlAlive        byte = 4
	mlDead         byte = 5
	mlPushPull     byte = 6
	mlCompound     byte = 7
	mlNack         byte = 11
	mlCRC          byte = 12
	mlErr          byte = 13
)

// In bytes, where nothing else is said.
const (
	mostName    = 255
	mostMeta    = 512 // memberlist.MetaMaxSize
	mostPayload = 512 // of an ack
	mostError   = 1 << 10
	mostNodes   = 1 << 20  // nodes of a push/pull: memberlist's maxPushStateNodes
	mostState   = 20 << 20 // after the nodes: memberlist's maxPushStateBytes
	leastNode   = 61       // a node of a push/pull: the names of its fields, and the shortest values
	crcHeader   = 1 + crc32.Size

	mlStateAlive  = 0 // memberlist.StateAlive
	mostNodeState = 3 // memberlist.StateLeft; it passes over nodes in others
)

// mlMessage is what errors call a message, and its fields as the structs of memberlist have them.
type mlMessage struct {
	name   string
	fields []packField
}

var (
	seqField         = packField{"SeqNo", upTo(math.MaxUint32), false}
	incarnationField = packField{"Incarnation", upTo(math.MaxUint32), false}
	nodeField        = packField{"Node", readName, false}
	addrField        = packField{"Addr", readIP, false}
	portField        = packField{"Port", readPort, false}
	metaField        = packField{"Meta", atMost(mostMeta), false}
	versionsField    = packField{"Vsn", readVersions, false}
	accusationFields = []packField{incarnationField, nodeField, {"From", readName, false}}
	sourceFields     = []packField{ // where to answer
		{"SourceAddr", orNone(readIP), true},
		{"SourcePort", upTo(math.MaxUint16), true},
		{"SourceNode", orNone(readName), true},
	}

	pingMessage = mlMessage{"ping", slices.Concat([]packField{seqField, nodeField}, sourceFields)}
	ackMessage  = mlMessage{"ack", []packField{seqField, {"Payload", atMost(mostPayload), false}}}
	errMessage  = mlMessage{"error", []packField{{"Error", readError, false}}}

	packetMessages = [...]mlMessage{
		mlPing: pingMessage,
		mlIndirectPing: {"indirect ping", slices.Concat(
			[]packField{seqField, {"Target", readIP, false}, portField, nodeField, {"Nack", packFlag, false}}, sourceFields)},
		mlAck:     ackMessage,
		mlSuspect: {"suspect", accusationFields},
		mlAlive:   {"alive", []packField{incarnationField, nodeField, addrField, portField, metaField, versionsField}},
		mlDead:    {"dead", accusationFields},
		mlNack:    {"nack", []packField{seqField}},
	}

	pushPullHeader = mlMessage{"push/pull", []packField{
		{"Nodes", upTo(mostNodes), false}, {"UserStateLen", upTo(mostState), false}, {"Join", packFlag, false}}}
	pushPullNode = mlMessage{"node of a push/pull", []packField{{"Name", readName, false},
		addrField, portField, metaField, incarnationField, {"State", upTo(mostNodeState), false}, versionsField}}
)
