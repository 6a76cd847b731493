package dnsendpoint

import (
	"golang.org/x/net/dns/dnsmessage"
)

// Types that dnsmessage does not name.
const (
	typeIXFR dnsmessage.Type = 251
	typeAny  dnsmessage.Type = 255
)

// answer writes the records for a question of the zone. text is its name without the zone.
func (r *response) answer(s *Server, text []byte) {
	switch r.question.qtype {
	case dnsmessage.TypeAXFR, typeIXFR:
		r.rcode = dnsmessage.RCodeRefused
		return
	}
	r.flags |= bitAuthoritative
	r.found.kind = r.look(text)
	if r.found.kind == apex || r.found.kind == nameServer {
		r.addrs = s.appendReachable(r.addrs, r.tables.snapshot)
	}
	switch {
	case r.found.kind == nothing:
		r.rcode = dnsmessage.RCodeNameError
	case r.question.qtype == typeAny && r.found.kind != between:
		r.minimal()
	default:
		r.ofKind()
	}
	if r.count[answerSection] == 0 && !r.wasCut() {
		r.negative()
	}
}

// ofKind answers for a name that exists.
func (r *response) ofKind() {
	switch r.found.kind {
	case apex:
		r.ofZone()
	case nameServer:
		r.ofAddresses()
	case enumeration:
		if r.question.qtype == dnsmessage.TypePTR {
			r.types()
		}
	case addresses:
		r.ofAddresses()
		if r.question.qtype == dnsmessage.TypeTXT && r.member != nil {
			r.memberText()
		}
	case serviceName, serviceType:
		r.ofService()
	}
}

// ofService answers from instances.
func (r *response) ofService() {
	switch r.question.qtype {
	case dnsmessage.TypeA, dnsmessage.TypeAAAA, dnsmessage.TypeCNAME:
		if r.isAlias() {
			r.alias()
			return
		}
		r.records(addressRecord)
	case dnsmessage.TypeSRV:
		r.records(serviceRecord)
		r.glue()
	case dnsmessage.TypeTXT:
		r.records(textRecord)
	case dnsmessage.TypeSVCB:
		r.records(bindingRecord)
		r.glue()
	case dnsmessage.TypeHTTPS:
		r.records(httpsRecord)
		r.glue()
	case dnsmessage.TypePTR:
		if r.found.kind == serviceType {
			r.records(instanceRecord)
			r.described()
		}
	}
}

// recordKind is how instances become records of a type.
type recordKind struct {
	has   func(*response, *target) bool
	write func(*response, *target) (name int) // returns the offset of the name in the data, if any
	once  bool                                // equal hosts have equal records
}

// records writes a record for each instance that has one, in the order of chance and weight, until
// one does not fit.
func (r *response) records(kind *recordKind) {
	r.order.reset()
	r.heavy = 0
	for _, t := range r.picks {
		if kind.has(r, t) {
			r.order.add(t)
			r.heavy = max(r.heavy, t.weight)
		}
	}
	r.order.ready()
	clear(r.seen)
	for t := r.order.next(); t != nil; t = r.order.next() {
		if kind.once && !r.once(t.host) {
			continue
		}
		if r.most > 0 && int(r.count[answerSection]) == r.most {
			return
		}
		r.begin(answerSection, r.asked(), r.question.qtype, r.ttl)
		name := kind.write(r, t)
		if !r.end() {
			r.cut()
			return
		}
		r.written = append(r.written, written{t, name})
	}
}

// cut marks an answer that did not fit.
func (r *response) cut() { r.flags |= bitTruncated }

func (r *response) wasCut() bool { return r.flags&bitTruncated != 0 }

// minimal answers a question for any type, RFC 8482 section 4.2.
func (r *response) minimal() {
	r.begin(answerSection, r.asked(), dnsmessage.TypeHINFO, r.ttl)
	r.text("RFC8482")
	r.text("")
	r.end()
}
