package cluster

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/grapevine-go/grapevine/membership"
)

// The messages with which two members whose digests differ find out in what, and exchange only that. Each begins with the
// sender, and goes by stream.

// largestPart is how many bytes of heads, names or records one message takes; a record may exceed it by its own size.
const largestPart = 48 << 10

// largestHeads is a bound on every message of heads: a part, and what precedes the heads.
const largestHeads = largestPart + 512

// headsMessage tells which records its sender knows.
type headsMessage struct {
	from identity

	// asks is set where the heads are all that the sender knows of names from first to last, "" for no end: it wants to be
	// told what it lacks of those.
	asks        bool
	first, last string
	heads       []membership.Head
}

func (m headsMessage) encode() []byte {
	buf := appendText([]byte{byte(kindHeads)}, m.from.String())
	asks := byte(0)
	if m.asks {
		asks = 1
	}
	buf = appendText(appendText(append(buf, asks), m.first), m.last)
	for _, h := range m.heads {
		buf = h.Append(buf)
	}
	return buf
}

// decodeHeadsMessage parses what follows the kind.
func decodeHeadsMessage(buf []byte) (m headsMessage, err error) {
	var ok1, ok2 bool
	if len(buf) > largestHeads {
		return m, fmt.Errorf("%w: heads of %d bytes, %d at most", errMalformed, len(buf), largestHeads)
	}
	if m.from, buf, err = cutIdentity(buf); err != nil {
		return m, err
	}
	if len(buf) == 0 || buf[0] > 1 {
		return m, errMalformed
	}
	m.asks = buf[0] == 1
	m.first, buf, ok1 = cutText(buf[1:])
	m.last, buf, ok2 = cutText(buf)
	if !ok1 || !ok2 {
		return m, errMalformed
	}
	if m.heads, err = decodeHeads(buf); err != nil {
		return headsMessage{}, err
	}
	for i, h := range m.heads {
		if !within(h.Name, m.first, m.last) || i > 0 && h.Name <= m.heads[i-1].Name {
			return headsMessage{}, fmt.Errorf("%w: a head out of order, or of its range", errMalformed)
		}
	}
	return m, nil
}

// within reports whether a name is in a range, "" for no end.
func within(name, first, last string) bool { return name >= first && (last == "" || name <= last) }

// asksOfMany reports whether a message of heads asks for what its sender lacks of more than one name. It need not be sound.
func asksOfMany(body []byte) bool {
	_, body, ok := cutText(body)
	if !ok || len(body) == 0 || body[0] != 1 {
		return false
	}
	first, body, ok1 := cutText(body[1:])
	last, _, ok2 := cutText(body)
	return ok1 && ok2 && (last == "" || first != last)
}

// decodeHeads gives the heads up to the first that cannot be read, and the reason.
func decodeHeads(buf []byte) (heads []membership.Head, err error) {
	for len(buf) > 0 {
		var h membership.Head
		if h, buf, err = membership.CutHead(buf); err != nil {
			return heads, err
		}
		heads = append(heads, h)
	}
	return heads, nil
}

// covers reports whether the sender tells all that it knows of a name: where its heads lack it, so
// does the sender. What had no room in an exchange of a join is taken for lacking as well, which
// costs one record.
func (m headsEvent) covers(name string) bool {
	return m.joins || m.asks && within(name, m.first, m.last)
}

// partsOf divides all that a member knows, in ascending order of the names, into messages that ask.
func partsOf(from identity, heads []membership.Head) (parts []headsMessage) {
	part := headsMessage{from: from, asks: true}
	size := 0
	for _, h := range heads {
		length := len(h.Append(nil))
		if size += length; size > largestPart {
			part.last = part.heads[len(part.heads)-1].Name
			parts = append(parts, part)
			part = headsMessage{from: from, asks: true, first: part.last + "\x00"} // the next name there could be
			size = length
		}
		part.heads = append(part.heads, h)
	}
	return append(parts, part)
}

// wantMessage asks for the records of members, in ascending order, each once.
type wantMessage struct {
	from  identity
	names []string
}

func (m wantMessage) encode() []byte {
	buf := appendText([]byte{byte(kindWant)}, m.from.String())
	for _, name := range m.names {
		buf = appendText(buf, name)
	}
	return buf
}

func decodeWant(buf []byte) (m wantMessage, err error) {
	if m.from, buf, err = cutIdentity(buf); err != nil {
		return m, err
	}
	for len(buf) > 0 {
		name, rest, ok := cutText(buf)
		if !ok || membership.CheckName("", name) != nil || len(m.names) > 0 && name <= m.names[len(m.names)-1] {
			return wantMessage{}, fmt.Errorf("%w: bad name, or out of order", errMalformed)
		}
		m.names, buf = append(m.names, name), rest
	}
	return m, nil
}

// recordsMessage holds records of members other than its sender.
type recordsMessage struct {
	from    identity
	records []membership.Heard
}

// encodeRecords gives messages in the form of a wire version. A record that has none in it is left out.
func encodeRecords(from identity, records []membership.Heard, wire byte) (messages [][]byte) {
	for len(records) > 0 {
		var message []byte
		if message, records = cutRecords(from, records, wire); message != nil {
			messages = append(messages, message)
		}
	}
	return messages
}

// cutRecords returns the first message of records, nil if none has a form, and the records that have no
// room in it.
func cutRecords(from identity, records []membership.Heard, wire byte) (message []byte, rest []membership.Heard) {
	begin := appendText([]byte{byte(kindRecords)}, from.String())
	buf := begin
	for i, known := range records {
		encoded, err := known.Record.Encode(nil, wire)
		if err != nil {
			continue // cannot be: it was checked when it arrived
		}
		if len(buf) > len(begin) && len(buf)+len(encoded) > largestPart {
			return buf, records[i:]
		}
		buf = binary.AppendUvarint(buf, uint64((known.Gone+time.Second-1)/time.Second))
		buf = binary.AppendUvarint(buf, uint64(len(encoded)))
		buf = append(buf, encoded...)
	}
	if len(buf) == len(begin) {
		return nil, nil
	}
	return buf, nil
}

// decodeRecords parses what follows the kind, for a release whose newest wire version that is.
func decodeRecords(buf []byte, newest byte) (m recordsMessage, err error) {
	if m.from, buf, err = cutIdentity(buf); err != nil {
		return m, err
	}
	for len(buf) > 0 {
		gone, n := binary.Uvarint(buf)
		if n <= 0 || gone > uint64(longestGone/time.Second) {
			return recordsMessage{}, fmt.Errorf("%w: bad age", errMalformed)
		}
		size, more := binary.Uvarint(buf[n:])
		if more <= 0 || size > uint64(len(buf)-n-more) {
			return recordsMessage{}, fmt.Errorf("%w: a record is cut short", errMalformed)
		}
		begin := n + more
		record, err := decodeRecord(buf[begin:begin+int(size)], newest)
		if err != nil {
			return recordsMessage{}, err
		}
		m.records = append(m.records, membership.Heard{Record: record, Gone: time.Duration(gone) * time.Second})
		buf = buf[begin+int(size):]
	}
	return m, nil
}

// longestGone keeps the seconds of an age from overflowing a duration; nobody remembers a member for as long.
const longestGone = 10 * 365 * 24 * time.Hour
