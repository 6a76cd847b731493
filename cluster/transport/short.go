package transport

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"net"
	"net/netip"
	"time"
)

// Most of what an idle cluster sends are memberlist's pings and their answers, and most of their bytes are names that both
// sides know: of fields, and of the two members. Those that are as usual go in a short form, of which the receiver makes what
// memberlist reads: the sequence number in four bytes; then, of a ping, the sum of the name that it is for, and of an answer,
// its payload. All else goes as it is.

const (
	shortHeader = 4
	shortPing   = shortHeader + 4
)

// shorten gives the short form of a packet of memberlist's, if it has one.
func (t *Transport) shorten(b []byte, to Address) (kind Kind, short []byte, ok bool) {
	if len(b) == 0 {
		return 0, nil, false
	}
	switch b[0] {
	case mlPing:
		ping, rest, err := pingMessage.read(b[1:])
		if err != nil || len(rest) > 0 || !t.usual(&ping, to) {
			return 0, nil, false
		}
		short = binary.BigEndian.AppendUint32(short, uint32(ping.value("SeqNo").number))
		return kindPing, binary.BigEndian.AppendUint32(short, sumOf(to.Name)), true
	case mlAck:
		ack, rest, err := ackMessage.read(b[1:])
		if err != nil || len(rest) > 0 {
			return 0, nil, false
		}
		short = binary.BigEndian.AppendUint32(short, uint32(ack.value("SeqNo").number))
		return kindAck, append(short, ack.value("Payload").text...), true
	}
	return 0, nil, false
}

// usual says whether a ping is for whom it is sent to, and to be answered to this member.
func (t *Transport) usual(ping *packStruct, to Address) bool {
	ip, _ := netip.AddrFromSlice(ping.value("SourceAddr").text)
	answer := netip.AddrPortFrom(ip.Unmap(), uint16(ping.value("SourcePort").number))
	return to.Name != "" && string(ping.value("Node").text) == to.Name &&
		string(ping.value("SourceNode").text) == t.own.id && answer.String() == t.own.address
}

// sumOf tells names apart that nobody makes up.
func sumOf(name string) uint32 {
	sum := fnv.New32a()
	sum.Write([]byte(name))
	return sum.Sum32()
}

// passShort gives memberlist a packet that came in its short form. The answer goes where the sender is dialled, if that is known.
func (t *Transport) passShort(kind Kind, short []byte, from From, at time.Time) {
	sender := Address{Addr: from.Addr.String(), Name: from.ID}
	if p := t.book.asker(from); p != nil {
		p.mu.Lock()
		sender = Address{Addr: p.address, Name: p.id}
		p.mu.Unlock()
	}
	b, err := t.lengthen(kind, short, sender.Name)
	if err != nil {
		t.stats.malformed.Add(1)
		t.seldom.Warn(err, "cluster: dropped a packet")
		return
	}
	if b == nil {
		return // somebody else had this address
	}
	answer, err := netip.ParseAddrPort(sender.Addr)
	if err != nil {
		answer = from.Addr
	}
	t.queue(&Packet{Buf: b, From: net.UDPAddrFromAddrPort(answer), Timestamp: at})
}

// lengthen undoes shorten, nil for a ping that is for somebody else. memberlist then answers to the address that the packet is from.
func (t *Transport) lengthen(kind Kind, short []byte, sender string) ([]byte, error) {
	if len(short) < shortHeader || kind == kindPing && len(short) != shortPing || len(short) > shortHeader+mostPayload {
		return nil, fmt.Errorf("%w: a ping or its answer in %d bytes", errMalformed, len(short))
	}
	number, rest := binary.BigEndian.Uint32(short), short[shortHeader:]
	if kind == kindAck {
		b := packAppendNumber(packAppendText([]byte{mlAck, packOf(2)}, "SeqNo"), number)
		return packAppendText(packAppendText(b, "Payload"), string(rest)), nil
	}
	if binary.BigEndian.Uint32(rest) != sumOf(t.own.id) {
		return nil, nil
	}
	b := packAppendNumber(packAppendText([]byte{mlPing, packOf(3)}, "SeqNo"), number)
	b = packAppendText(packAppendText(b, "Node"), t.own.id)
	return packAppendText(packAppendText(b, "SourceNode"), sender), nil
}
