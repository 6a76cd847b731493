package dnsendpoint

import (
	"encoding/binary"

	"golang.org/x/net/dns/dnsmessage"
)

// The bits of a header's second word, RFC 1035 section 4.1.1.
const (
	bitResponse         = 1 << 15
	maskOpcode          = 0xf << 11
	bitAuthoritative    = 1 << 10
	bitTruncated        = 1 << 9
	bitRecursionDesired = 1 << 8
	bitCheckingDisabled = 1 << 4
	maskRCode           = 0xf
)

const (
	headerSize   = 12
	questionTail = 4 // bytes of a question behind its name: type and class
)

// question is what a query asks, and how its client wants to be answered. Packets are parsed here
// and not by dnsmessage.Parser, which refuses a label that holds a dot, as an instance name of
// RFC 6763 may, and allocates for the options of EDNS.
type question struct {
	id      uint16
	flags   uint16 // as received
	section []byte // the question section, as received: its name is echoed in its casing
	name    name
	qtype   dnsmessage.Type
	class   dnsmessage.Class
	edns    edns
}

// parse reads a query. Unless the response code is success, a header alone or, with a question, a
// response without records is due. Nothing is due for what is not a query.
func (q *question) parse(msg []byte) (rcode dnsmessage.RCode, due bool) {
	q.section, q.edns = nil, edns{}
	if len(msg) < headerSize {
		return 0, false
	}
	q.id, q.flags = binary.BigEndian.Uint16(msg), binary.BigEndian.Uint16(msg[2:])
	switch {
	case q.flags&bitResponse != 0:
		return 0, false // two servers would answer each other forever
	case q.flags&maskOpcode != 0:
		return dnsmessage.RCodeNotImplemented, true
	case binary.BigEndian.Uint16(msg[4:]) != 1:
		return dnsmessage.RCodeFormatError, true
	}
	r := reader{msg: msg, at: headerSize}
	r.name(&q.name)
	q.qtype, q.class = dnsmessage.Type(r.uint16()), dnsmessage.Class(r.uint16())
	section := r.since(headerSize)
	for skipped := int(r.header(6)) + int(r.header(8)); skipped > 0 && !r.failed; skipped-- {
		r.record()
	}
	for left := r.header(10); left > 0 && !r.failed; left-- {
		if kind, class, ttl, body := r.record(); kind == dnsmessage.TypeOPT {
			r.failed = r.failed || !q.edns.parse(uint16(class), ttl, body)
		}
	}
	if r.failed {
		return dnsmessage.RCodeFormatError, true
	}
	q.section = section
	if q.edns.version > 0 {
		return rcodeBadVersion, true
	}
	return dnsmessage.RCodeSuccess, true
}

// reader consumes a message from the front. After the first failure all that it returns is zero.
type reader struct {
	msg    []byte
	at     int
	failed bool
}

// header returns a word of the header.
func (r *reader) header(at int) uint16 { return binary.BigEndian.Uint16(r.msg[at:]) }

func (r *reader) since(start int) []byte {
	if r.failed {
		return nil
	}
	return r.msg[start:r.at]
}

func (r *reader) take(n int) []byte {
	if r.failed || n > len(r.msg)-r.at {
		r.failed = true
		return nil
	}
	taken := r.msg[r.at : r.at+n]
	r.at += n
	return taken
}

func (r *reader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) uint16() uint16 {
	if b := r.take(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

func (r *reader) uint32() uint32 { return uint32(r.uint16())<<16 | uint32(r.uint16()) }

// The two high bits of a label's length, RFC 1035 section 4.1.4. Other values of them are no label.
const (
	maskLabel   = 0xc0
	pointerBits = 0xc0
)

// name reads the name of a question into n. It has no pointers: nothing precedes it to point to.
func (r *reader) name(n *name) {
	n.length = 0
	for size := r.byte(); size != 0; size = r.byte() {
		if size&maskLabel != 0 || !n.add(r.take(int(size))) {
			r.failed = true
			return
		}
	}
}

// record skips a record. The owner of OPT is the root, a single byte: others are no OPT.
func (r *reader) record() (kind dnsmessage.Type, class dnsmessage.Class, ttl uint32, body []byte) {
	root := r.skipName()
	kind, class, ttl = dnsmessage.Type(r.uint16()), dnsmessage.Class(r.uint16()), r.uint32()
	body = r.take(int(r.uint16()))
	if kind == dnsmessage.TypeOPT && !root {
		r.failed = true
	}
	return kind, class, ttl, body
}

func (r *reader) skipName() (root bool) {
	for labels := 0; ; labels++ {
		switch size := r.byte(); {
		case r.failed || size == 0:
			return labels == 0
		case size&maskLabel == pointerBits:
			r.byte()
			return false
		case size&maskLabel != 0:
			r.failed = true
			return false
		default:
			r.take(int(size))
		}
	}
}
