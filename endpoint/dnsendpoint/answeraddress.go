package dnsendpoint

import (
	"net/netip"

	"golang.org/x/net/dns/dnsmessage"
)

// addressRecord is A and, for true, AAAA.
var addressRecord = map[bool]*recordKind{
	false: {has: (*response).hasIPv4, write: (*response).writeAddress, once: true},
	true:  {has: (*response).hasIPv6, write: (*response).writeAddress, once: true},
}

func (r *response) hasIPv4(t *target) bool {
	return t.addr.Is4() && r.question.qtype == dnsmessage.TypeA
}
func (r *response) hasIPv6(t *target) bool { return t.addr.Is6() }

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
// for the others.
func (r *response) glue() {
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
