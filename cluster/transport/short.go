package transport

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"net/netip"
	"time"
)

// Most of what an idle cluster sends are memberlist's pings and their answers, and most of their bytes are names that both
// sides know: of fields, and of members. So they have a short form, of which the receiver makes what memberlist reads. It has
// the sequence number; of an ack, its payload; of a ping, a sum of the name that it is for, and where nothing is sealed, so
// that nothing else says who sent it, the sender's name. The address to answer to is left out: it is where the ping came from.

const (
	shortHeader = 4               // the sequence number
	shortPing   = shortHeader + 4 // and the sum
)

// shorten gives the short form of a packet of memberlist's, if it has one.
func (t *Transport) shorten(b []byte, to Address) (kind Kind, short []byte, ok bool) {
	if len(b) == 0 {
		return 0, nil, false
	}
	switch b[0] {
	case mlPing:
		ping, rest, err := pingMessage.read(b[1:])
		if err != nil || len(rest) > 0 || !t.between(&ping, to) {
			return 0, nil, false
		}
		return kindPing, t.shortPing(uint32(ping.value("SeqNo").number), to.Name), true
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

// between says whether a ping is for the member that it is sent to, and asks for an answer to this one.
func (t *Transport) between(ping *packStruct, to Address) bool {
	ip, _ := netip.AddrFromSlice(ping.value("SourceAddr").text)
	answer := netip.AddrPortFrom(ip.Unmap(), uint16(ping.value("SourcePort").number))
	return to.Name != "" && string(ping.value("Node").text) == to.Name &&
		string(ping.value("SourceNode").text) == t.own.id && answer.String() == t.own.address
}

// sumOf tells a member from those that had its address before. It keeps nobody from making up a name of the same sum.
func sumOf(name string) uint32 {
	sum := fnv.New32a()
	sum.Write([]byte(name))
	return sum.Sum32()
}

// passShort gives memberlist a packet that came in its short form.
func (t *Transport) passShort(kind Kind, short []byte, from From, at time.Time) {
	b, err := t.lengthen(kind, short, from.ID)
	if err != nil {
		t.stats.malformed.Add(1)
		t.seldom.Warn(err, "cluster: dropped a packet")
		return
	}
	if b != nil {
		t.pass(b, from, at)
	}
}

// shortPing is a ping of this process for a member of that name.
func (t *Transport) shortPing(number uint32, name string) []byte {
	short := binary.BigEndian.AppendUint32(nil, number)
	short = binary.BigEndian.AppendUint32(short, sumOf(name))
	if t.identity == nil {
		short = append(short, t.own.id...)
	}
	return short
}

// lengthen undoes shorten. It gives nil for a ping that is for somebody else. sender is who sent it, "" where nothing vouches for that.
func (t *Transport) lengthen(kind Kind, short []byte, sender string) ([]byte, error) {
	if kind == kindAck {
		return lengthenAck(short)
	}
	if len(short) < shortPing {
		return nil, fmt.Errorf("%w: ping: is cut short", errMalformed)
	}
	number, sum, name := binary.BigEndian.Uint32(short), binary.BigEndian.Uint32(short[shortHeader:]), short[shortPing:]
	switch {
	case sender != "" && len(name) > 0:
		return nil, nothingLeft("ping", name)
	case sender == "" && (len(name) == 0 || len(name) > mostIdentity || !printable(string(name))):
		return nil, fmt.Errorf("%w: ping: SourceNode is %+.32q", errMalformed, name)
	case sender == "":
		sender = string(name)
	}
	if sum != sumOf(t.own.id) {
		return nil, nil
	}
	b := packAppendNumber(packAppendText([]byte{mlPing, packOf(3)}, "SeqNo"), number)
	b = packAppendText(packAppendText(b, "Node"), t.own.id)
	return packAppendText(packAppendText(b, "SourceNode"), sender), nil
}

func lengthenAck(short []byte) ([]byte, error) {
	if len(short) < shortHeader || len(short) > shortHeader+mostPayload {
		return nil, fmt.Errorf("%w: ack: %d bytes, %d to %d are allowed", errMalformed, len(short), shortHeader, shortHeader+mostPayload)
	}
	b := packAppendNumber(packAppendText([]byte{mlAck, packOf(2)}, "SeqNo"), binary.BigEndian.Uint32(short))
	return packAppendText(packAppendText(b, "Payload"), string(short[shortHeader:])), nil
}
