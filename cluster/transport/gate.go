package transport

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// The gate stands in front of memberlist and lets through only what a memberlist writes, every length and number of it
// within bounds. memberlist itself trusts whoever can speak to it: it looks into messages that are empty, unpacks and
// makes room for as much as it is told to, and one node of odd versions ends every push/pull of the cluster.

var errMalformed = errors.New("malformed message")

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
	return eachPart(b, func(part []byte) error { return checkSingle(part, from) })
}

// eachPart checks the parts of a compound message, and that there is nothing else.
func eachPart(b []byte, check func([]byte) error) error {
	if len(b) == 0 || b[0] == 0 {
		return fmt.Errorf("%w: compound: no parts", errMalformed)
	}
	lengths, parts, err := packTake(b[1:], 2*uint64(b[0]))
	for err == nil && len(lengths) > 0 {
		var part []byte
		if part, parts, err = packTake(parts, uint64(binary.BigEndian.Uint16(lengths))); err != nil {
			break
		}
		if err := check(part); err != nil {
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
		return kindError(b[0], "packet")
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
		return kindError(kind, "stream")
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
