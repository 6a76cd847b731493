package dnsendpoint

import (
	"encoding/binary"

	"golang.org/x/net/dns/dnsmessage"
)

// The response codes that need EDNS.
const (
	rcodeBadVersion dnsmessage.RCode = 16 // an EDNS version above 0, RFC 6891 section 6.1.3
	rcodeBadCookie  dnsmessage.RCode = 23 // ask again with the cookie that is sent along, RFC 7873
)

// The options of EDNS that are understood: the others are ignored.
const (
	optionCookie        = 10 // RFC 7873
	optionExtendedError = 15 // RFC 8914

	extendedStaleAnswer = 3

	clientCookie = 8
	leastServer  = 8 // bytes of a server's cookie
	mostServer   = 32
	ourCookie    = 16 // RFC 9018

	bitDNSSEC = 1 << 15 // of the TTL: the client understands DNSSEC records
)

// edns is the OPT record of a query, RFC 6891.
type edns struct {
	present bool
	size    uint16 // the largest response that the client takes over UDP
	version byte
	dnssec  bool

	hasCookie bool
	client    [clientCookie]byte
	server    []byte // the server's cookie that the client returns; empty at first
}

// parse reads an OPT record and reports whether it is the first and well formed.
func (e *edns) parse(class uint16, ttl uint32, options []byte) bool {
	if e.present {
		return false
	}
	e.present, e.size, e.version, e.dnssec = true, class, byte(ttl>>16), ttl&bitDNSSEC != 0
	r := reader{msg: options}
	for r.at < len(options) && !r.failed {
		if code, body := r.uint16(), r.take(int(r.uint16())); code == optionCookie && !r.failed {
			r.failed = !e.parseCookie(body)
		}
	}
	return !r.failed
}

// parseCookie reports whether the length is one of RFC 7873 section 5.2.2.
func (e *edns) parseCookie(body []byte) bool {
	server := len(body) - clientCookie
	if e.hasCookie || server != 0 && (server < leastServer || server > mostServer) {
		return false
	}
	e.hasCookie, e.server = true, body[copy(e.client[:], body):]
	return true
}

// The parts of our OPT record.
const (
	optSize           = 11
	optionHead        = 4
	cookieSize        = optionHead + clientCookie + ourCookie
	extendedErrorSize = optionHead + 2
)

// reply is our OPT record to a client that sent one.
type reply struct {
	due    bool
	dnssec bool
	cookie bool
	client [clientCookie]byte
	server [ourCookie]byte
	stale  bool // the answer is the last known
}

// size is what the record takes.
func (o *reply) size() int {
	if !o.due {
		return 0
	}
	size := optSize
	if o.cookie {
		size += cookieSize
	}
	if o.stale {
		size += extendedErrorSize
	}
	return size
}

// append adds the record to buf. rcode is the whole code, whose high bits the header cannot hold.
func (o *reply) append(buf []byte, rcode dnsmessage.RCode, largest uint16) []byte {
	buf = append(buf, 0) // its owner is the root
	buf = binary.BigEndian.AppendUint16(buf, uint16(dnsmessage.TypeOPT))
	buf = binary.BigEndian.AppendUint16(buf, largest)
	ttl := uint32(rcode>>4) << 24
	if o.dnssec {
		ttl |= bitDNSSEC
	}
	buf = binary.BigEndian.AppendUint32(buf, ttl)
	buf = binary.BigEndian.AppendUint16(buf, uint16(o.size()-optSize))
	if o.cookie {
		buf = binary.BigEndian.AppendUint16(buf, optionCookie)
		buf = binary.BigEndian.AppendUint16(buf, clientCookie+ourCookie)
		buf = append(append(buf, o.client[:]...), o.server[:]...)
	}
	if o.stale {
		buf = binary.BigEndian.AppendUint16(buf, optionExtendedError)
		buf = binary.BigEndian.AppendUint16(buf, extendedErrorSize-optionHead)
		buf = binary.BigEndian.AppendUint16(buf, extendedStaleAnswer)
	}
	return buf
}
