package dnsendpoint

import (
	"net/netip"

	"golang.org/x/net/dns/dnsmessage"
)

// addressRecord is A and AAAA. An instance has a CNAME only where isAlias holds.
var addressRecord = &recordKind{has: (*response).hasAddress, write: (*response).writeAddress, once: true}

func (r *response) hasAddress(t *target) bool {
	return t.addr.IsValid() && typeOf(t.addr) == r.question.qtype
}

func (r *response) writeAddress(t *target) int {
	r.address(t.addr)
	return 0
}

// address appends the bytes of an address.
func (m *message) address(addr netip.Addr) {
	if addr.Is4() {
		octets := addr.As4()
		m.bytes(octets[:])
		return
	}
	octets := addr.As16()
	m.bytes(octets[:])
}

func typeOf(addr netip.Addr) dnsmessage.Type {
	if addr.Is4() {
		return dnsmessage.TypeA
	}
	return dnsmessage.TypeAAAA
}

// ofAddresses answers from the addresses of a name.
func (r *response) ofAddresses() {
	for _, addr := range r.addrs {
		if typeOf(addr) != r.question.qtype {
			continue
		}
		r.begin(answerSection, r.asked(), r.question.qtype, r.ttl)
		r.address(addr)
		if !r.end() {
			r.cut()
			return
		}
	}
}

// glue adds the addresses of the names that the answers hold, as far as they fit: a client can ask
// for the others. Where an answer did not fit there is none.
func (r *response) glue() {
	if r.wasCut() {
		return
	}
	clear(r.seen)
	for _, one := range r.written {
		t := one.target
		if !t.addr.IsValid() || t.shared && !r.once(t.host) {
			continue
		}
		r.begin(additionalSection, r.inZone(t.relative), typeOf(t.addr), r.ttl)
		r.address(t.addr)
		if !r.end() {
			return
		}
	}
}

// isAlias reports whether the addresses of all instances are names.
func (r *response) isAlias() bool {
	for _, t := range r.picks {
		if t.addr.IsValid() {
			return false
		}
	}
	return len(r.picks) > 0
}

// alias answers with one of the names, by chance and weight: a name has one CNAME at most.
func (r *response) alias() {
	r.order.reset()
	for _, t := range r.picks {
		r.order.add(t)
	}
	r.order.ready()
	t := r.order.next()
	r.begin(answerSection, r.asked(), dnsmessage.TypeCNAME, r.ttl)
	r.bytes(t.name)
	if !r.end() {
		r.cut()
	}
}
