package dnsendpoint

import (
	"encoding/binary"

	"golang.org/x/net/dns/dnsmessage"
)

// section is a part of a message that holds records.
type section int

const (
	answerSection section = iota
	authoritySection
	additionalSection
	sections
)

// message is a response being written behind what buf holds already. dnsmessage.Builder is not
// used: it allocates for the compression of names, and here it is known beforehand what a name
// can point to.
type message struct {
	buf   []byte
	start int // where the message begins in buf
	limit int // the most bytes of the message
	body  int // where the records begin
	count [sections]uint16

	section section
	record  int // where the record being written begins
	data    int // where its data begins
}

// reset begins a message with room for a header and with a question.
func (m *message) reset(buf, question []byte, limit int) {
	*m = message{buf: append(buf, make([]byte, headerSize)...), start: len(buf), limit: limit}
	m.buf = append(m.buf, question...)
	m.body = len(m.buf)
}

// size is how many bytes the message has.
func (m *message) size() int { return len(m.buf) - m.start }

// offset is where the next byte comes, seen from the message's begin.
func (m *message) offset() int { return m.size() }

// clear takes all records back.
func (m *message) clear() { m.buf, m.count = m.buf[:m.body], [sections]uint16{} }

// owner is the name of a record: labels in wire form, then a pointer to where the name goes on.
type owner struct {
	labels  []byte
	pointer int
}

// farthest is the last offset that a pointer can hold.
const farthest = 1<<14 - 1

// begin begins a record.
func (m *message) begin(in section, name owner, kind dnsmessage.Type, ttl uint32) {
	m.section, m.record = in, len(m.buf)
	m.name(name)
	m.uint16(uint16(kind))
	m.uint16(uint16(dnsmessage.ClassINET))
	m.buf = binary.BigEndian.AppendUint32(m.buf, ttl)
	m.uint16(0) // the length of its data, known at the end
	m.data = len(m.buf)
}

// end ends the record, or takes it back and reports false where it does not fit.
func (m *message) end() bool {
	length := len(m.buf) - m.data
	if m.size() > m.limit || length > 1<<16-1 {
		m.takeBack()
		return false
	}
	binary.BigEndian.PutUint16(m.buf[m.data-2:], uint16(length))
	m.count[m.section]++
	return true
}

// takeBack drops the record that was begun.
func (m *message) takeBack() { m.buf = m.buf[:m.record] }

func (m *message) uint16(value uint16) { m.buf = binary.BigEndian.AppendUint16(m.buf, value) }
func (m *message) uint32(value uint32) { m.buf = binary.BigEndian.AppendUint32(m.buf, value) }
func (m *message) bytes(value []byte)  { m.buf = append(m.buf, value...) }
func (m *message) string(value string) { m.buf = append(m.buf, value...) }

// name appends a name that may be compressed.
func (m *message) name(name owner) {
	m.bytes(name.labels)
	m.uint16(pointerBits<<8 | uint16(name.pointer))
}

// label appends the first labels of a name. What follows must end it.
func (m *message) label(parts ...string) {
	size := 0
	for _, part := range parts {
		size += len(part)
	}
	m.buf = append(m.buf, byte(size))
	for _, part := range parts {
		m.string(part)
	}
}

// pointer ends a name.
func (m *message) pointer(offset int) { m.uint16(pointerBits<<8 | uint16(offset)) }

// text appends a character string of at most 255 bytes, RFC 1035 section 3.3.
func (m *message) text(parts ...string) { m.label(parts...) }

// finish writes the header.
func (m *message) finish(id, flags uint16, questions uint16) []byte {
	head := m.buf[m.start:]
	for i, word := range [...]uint16{id, flags, questions, m.count[0], m.count[1], m.count[2]} {
		binary.BigEndian.PutUint16(head[2*i:], word)
	}
	return m.buf
}
