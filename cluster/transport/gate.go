package transport

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"slices"
)

// The gate stands in front of memberlist and lets through only what a memberlist writes, every length and number of it
// within bounds. memberlist itself trusts whoever can speak to it: it looks into messages that are empty, unpacks and
// makes room for as much as it is told to, and one node of odd versions ends every push/pull of the cluster.

var errMalformed = errors.New("malformed message")

// The first byte of a message (memberlist's net.go). No other passes: compression, encryption and labels are off, and
// what memberlist calls user messages are kinds of their own here.
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
	mostPayload = 512 // of an ack; this side sends none
	mostError   = 1 << 10
	mostNodes   = 1 << 20  // nodes of a push/pull: memberlist's maxPushStateNodes
	mostState   = 20 << 20 // after the nodes: memberlist's maxPushStateBytes
	leastNode   = 61       // a node of a push/pull: the names of its fields, and the shortest values
	crcHeader   = 1 + crc32.Size

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

// checkPacket says whether memberlist may read b. from is who sent it, name@boot, or "" where nothing vouches for that.
func checkPacket(b []byte, from string) error {
	if len(b) > 0 && b[0] == mlCRC {
		if len(b) < crcHeader || binary.BigEndian.Uint32(b[1:]) != crc32.ChecksumIEEE(b[crcHeader:]) {
			return fmt.Errorf("%w: its checksum is not that of %d bytes", errMalformed, max(0, len(b)-crcHeader))
		}
		b = b[crcHeader:]
	}
	if len(b) > 0 && b[0] == mlCompound {
		return checkCompound(b[1:], from)
	}
	return checkSingle(b, from)
}

// checkCompound wants a count, as many lengths, and parts that are as long as those say.
func checkCompound(b []byte, from string) error {
	if len(b) == 0 || b[0] == 0 {
		return fmt.Errorf("%w: compound: no parts", errMalformed)
	}
	lengths, parts, err := packTake(b[1:], 2*uint64(b[0]))
	for err == nil && len(lengths) > 0 {
		var part []byte
		if part, parts, err = packTake(parts, uint64(binary.BigEndian.Uint16(lengths))); err != nil {
			break
		}
		if err := checkSingle(part, from); err != nil {
			return err
		}
		lengths = lengths[2:]
	}
	if err != nil {
		return fmt.Errorf("%w: compound: %w", errMalformed, err)
	}
	return nothingLeft("compound", parts)
}

func checkSingle(b []byte, from string) error {
	if len(b) == 0 {
		return fmt.Errorf("%w: it is empty", errMalformed)
	}
	if int(b[0]) >= len(packetMessages) || packetMessages[b[0]].fields == nil {
		return fmt.Errorf("%w: kind %d in a packet", errMalformed, b[0])
	}
	return packetMessages[b[0]].checkAll(b[1:], from)
}

// checkStream says whether memberlist may read b, one whole message that a memberlist wrote to a stream at once. With
// reply, this side has dialled and b is the answer.
func checkStream(b []byte, reply bool) error {
	if len(b) == 0 {
		return fmt.Errorf("%w: it is empty", errMalformed)
	}
	switch kind := b[0]; {
	case kind == mlPushPull:
		return checkPushPull(b[1:])
	case kind == mlPing && !reply:
		return pingMessage.checkAll(b[1:], "")
	case kind == mlAck && reply:
		return ackMessage.checkAll(b[1:], "")
	case kind == mlErr && reply:
		return errMessage.checkAll(b[1:], "")
	default:
		return fmt.Errorf("%w: kind %d in a stream", errMalformed, kind)
	}
}

func checkPushPull(b []byte) error {
	header, rest, err := pushPullHeader.read(b)
	if err != nil {
		return err
	}
	nodes, state := header.value("Nodes").number, header.value("UserStateLen").number
	if nodes > uint64(len(rest)/leastNode) {
		return fmt.Errorf("%w: push/pull: %d nodes in %d bytes", errMalformed, nodes, len(rest))
	}
	for range nodes {
		if _, rest, err = pushPullNode.read(rest); err != nil {
			return err
		}
	}
	if state != uint64(len(rest)) {
		return fmt.Errorf("%w: push/pull: UserStateLen is %d, and %d bytes are left", errMalformed, state, len(rest))
	}
	return nil
}

// checkAll wants the message and nothing else.
func (m *mlMessage) checkAll(b []byte, from string) error {
	read, rest, err := m.read(b)
	if err != nil {
		return err
	}
	address, port := read.value("SourceAddr").text, read.value("SourcePort").number
	if (len(address) == 0) != (port == 0) { // memberlist then answers elsewhere than both of them say
		return fmt.Errorf("%w: %s: SourceAddr of %d bytes with SourcePort %d", errMalformed, m.name, len(address), port)
	}
	if name := read.value("SourceNode").text; from != "" && len(name) > 0 && string(name) != from {
		return fmt.Errorf("%w: %s: SourceNode is %q, and the sender %q", errMalformed, m.name, name, from)
	}
	return nothingLeft(m.name, rest)
}

func (m *mlMessage) read(b []byte) (read packStruct, rest []byte, err error) {
	read.fields = m.fields
	if rest, err = read.read(b); err != nil {
		err = fmt.Errorf("%w: %s: %w", errMalformed, m.name, err)
	}
	return read, rest, err
}

func nothingLeft(name string, rest []byte) error {
	if len(rest) > 0 {
		return fmt.Errorf("%w: %s: %d bytes too many", errMalformed, name, len(rest))
	}
	return nil
}

// What follows reads one value each, see packReader.

func upTo(most uint64) packReader {
	return func(b []byte) (packValue, []byte, error) {
		v, rest, err := packNumber(b)
		if err == nil && v.number > most {
			err = fmt.Errorf("is %d, %d at most", v.number, most)
		}
		return v, rest, err
	}
}

func atMost(size int) packReader {
	return func(b []byte) (packValue, []byte, error) {
		v, rest, err := packBytes(b)
		if err == nil && len(v.text) > size {
			err = fmt.Errorf("has %d bytes, %d at most", len(v.text), size)
		}
		return v, rest, err
	}
}

// orNone lets the empty value pass that memberlist leaves out.
func orNone(read packReader) packReader {
	return func(b []byte) (packValue, []byte, error) {
		if v, rest, err := packBytes(b); err == nil && len(v.text) == 0 {
			return v, rest, nil
		}
		return read(b)
	}
}

func readName(b []byte) (packValue, []byte, error) {
	v, rest, err := packText(b)
	switch {
	case err != nil:
	case len(v.text) == 0 || len(v.text) > mostName:
		err = fmt.Errorf("has %d bytes, 1 to %d are allowed", len(v.text), mostName)
	case slices.ContainsFunc(v.text, func(c byte) bool { return c <= ' ' || c > '~' }):
		err = fmt.Errorf("is %+.32q, which is not all printable ASCII", v.text)
	}
	return v, rest, err
}

// readError reads what memberlist returns to its caller, who will log it.
func readError(b []byte) (packValue, []byte, error) {
	v, rest, err := atMost(mostError)(b)
	if err == nil && slices.ContainsFunc(v.text, func(c byte) bool { return c < ' ' || c > '~' }) {
		err = fmt.Errorf("is %+.32q, which is not all printable ASCII", v.text)
	}
	return v, rest, err
}

func readIP(b []byte) (packValue, []byte, error) {
	v, rest, err := packBytes(b)
	if err == nil && len(v.text) != 4 && len(v.text) != 16 {
		err = fmt.Errorf("has %d bytes", len(v.text))
	}
	return v, rest, err
}

// readPort refuses 0, for which memberlist takes the port that it listens on itself.
func readPort(b []byte) (packValue, []byte, error) {
	v, rest, err := upTo(math.MaxUint16)(b)
	if err == nil && v.number == 0 {
		err = errors.New("is 0")
	}
	return v, rest, err
}

// readVersions reads which protocols a node understands, oldest, newest and current, first of memberlist and then of its
// delegate. memberlist ends a push/pull unless what each node speaks is understood by all that either side knows, and takes
// a node into its list without looking. So these must be such that no node can be in the way of others: it understands
// what every v0.7.0 does, speaks one of that, and has no delegate with versions, as nobody here has.
func readVersions(b []byte) (packValue, []byte, error) {
	v, rest, err := packBytes(b)
	switch {
	case err != nil:
	case len(v.text) != 6:
		err = fmt.Errorf("has %d bytes", len(v.text))
	case v.text[0] != 1 || v.text[1] < 5 || v.text[2] < 1 || v.text[2] > 5: // memberlist.ProtocolVersionMin and -Max
		err = fmt.Errorf("is %d to %d with %d, which not everybody understands", v.text[0], v.text[1], v.text[2])
	case v.text[3] != 0 || v.text[4] != 0 || v.text[5] != 0:
		err = fmt.Errorf("is %d to %d with %d for the delegate, which has none", v.text[3], v.text[4], v.text[5])
	}
	return v, rest, err
}
