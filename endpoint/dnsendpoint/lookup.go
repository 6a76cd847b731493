package dnsendpoint

import (
	"encoding/hex"
	"net/netip"
	"sort"

	"github.com/grapevine-go/grapevine/membership"
)

// kind is what a name of the zone stands for.
type kind int

const (
	nothing     kind = iota // nobody offers it, and nothing is below it
	between                 // it has no records, but a name below it may have (an empty non-terminal)
	apex                    // the zone itself
	nameServer              // this server
	enumeration             // the types of all services, RFC 6763 section 9
	serviceName             // instances of a service
	serviceType             // the same, asked for as a type of RFC 6763, which lists its instances by PTR
	addresses               // a member, or an address by itself
)

// The branches of a zone.
const (
	nameServerLabel = "ns"
	serviceBranch   = "service"
	enumerated      = "_services._dns-sd"
	dnsSD           = "_dns-sd"
)

// found is what a name stands for.
type found struct {
	kind   kind
	picks  []*target          // of a service
	addrs  []netip.Addr       // of a member or an address
	member *membership.Member // nil where it is none
	typeAt int                // where the type begins in the message, or the domain of an enumeration
}

func (f *found) reset() { *f = found{picks: f.picks[:0], addrs: f.addrs[:0]} }

// look finds what a name stands for. text is the name without the zone.
func (r *response) look(text []byte) kind {
	if len(text) == 0 {
		return apex
	}
	if string(text) == nameServerLabel {
		return nameServer
	}
	if rest, ok := under(text, nodeBranch); ok {
		return r.lookMember(rest)
	}
	if rest, ok := under(text, addressBranch); ok {
		return r.lookAddress(rest)
	}
	rest, ok := under(text, serviceBranch)
	if !ok {
		return r.lookType(text)
	}
	if len(rest) == 0 {
		return between
	}
	if kind := r.lookType(rest); kind != nothing {
		return kind
	}
	return r.lookService(rest)
}

// lookService finds a service and the labels in front. Names may hold dots, so the longest is taken.
func (r *response) lookService(text []byte) kind {
	for at := 0; at >= 0; at = nextLabel(text, at) {
		if t := r.tables.services[string(text[at:])]; t != nil {
			return r.pick(t, text[:max(at-1, 0)], serviceName)
		}
	}
	for _, service := range r.tables.names {
		if isBelow(service, text) {
			return between
		}
	}
	return nothing
}

// lookType finds a service by the form of RFC 2782, "_users._tcp": whether it takes TCP or UDP is
// not known, so both find it. In front is a member or, as in lookService, labels.
func (r *response) lookType(text []byte) kind {
	rest, tcp := under(text, "_tcp")
	if !tcp {
		var udp bool
		if rest, udp = under(text, "_udp"); !udp {
			return nothing
		}
		switch string(rest) {
		case enumerated:
			if r.typeAt = headerSize + len(enumerated+"._udp."); r.question.hasLabelAt(r.typeAt) {
				return enumeration
			}
			return nothing
		case dnsSD:
			return between
		}
	}
	if len(rest) == 0 {
		return between
	}
	for at := 0; at >= 0; at = nextLabel(rest, at) {
		if rest[at] != '_' {
			continue
		}
		t := r.tables.services[string(rest[at+1:])]
		r.typeAt = headerSize + at // a label's length is where its text has the dot before it
		if t == nil || !r.question.hasLabelAt(r.typeAt) {
			continue
		}
		front := rest[:max(at-1, 0)]
		if len(front) > 0 && r.pickMember(t, front) {
			return serviceName
		}
		return r.pick(t, front, serviceType)
	}
	for _, service := range r.tables.names {
		if isBelow(service, rest) {
			return between
		}
	}
	return nothing
}

// pick takes those instances that all labels fit and that new calls should go to.
func (r *response) pick(t *table, labels []byte, as kind) kind {
	groups := t.parsed(r.tables.snapshot, r.settings, r.unusable)
	for _, group := range groups {
		for i := range group {
			if group[i].holds(labels) {
				r.picks = append(r.picks, &group[i])
			}
		}
		if len(r.picks) > 0 {
			return as
		}
	}
	for _, group := range groups {
		for i := range group {
			if group[i].completes(labels) {
				return between
			}
		}
	}
	if len(labels) == 0 {
		return between // it is offered, at addresses that no record can hold
	}
	return nothing
}

// pickMember takes the instance of a member, and reports whether there is one.
func (r *response) pickMember(t *table, member []byte) bool {
	for _, group := range t.parsed(r.tables.snapshot, r.settings, r.unusable) {
		for i := range group {
			if group[i].instance.Member == string(member) {
				r.picks = append(r.picks, &group[i])
				return true
			}
		}
	}
	return false
}

func (r *response) lookMember(text []byte) kind {
	if len(text) == 0 {
		return between
	}
	members := r.tables.snapshot.Members()
	if r.member = memberOf(members, text); r.member != nil {
		r.addrs = addressesOf(r.addrs, *r.member)
		return addresses
	}
	for i := range members {
		if isBelow(members[i].Name, text) {
			return between
		}
	}
	return nothing
}

// memberOf does what Snapshot.Member does, without a string.
func memberOf(members []membership.Member, name []byte) *membership.Member {
	at := sort.Search(len(members), func(i int) bool { return members[i].Name >= string(name) })
	if at < len(members) && members[at].Name == string(name) {
		return &members[at]
	}
	return nil
}

// lookAddress finds an address by its digits: see setName.
func (r *response) lookAddress(text []byte) kind {
	if len(text) == 0 {
		return between
	}
	var octets [16]byte
	if len(text) != 8 && len(text) != 32 {
		return nothing
	}
	n, err := hex.Decode(octets[:], text)
	if err != nil {
		return nothing
	}
	if addr, ok := netip.AddrFromSlice(octets[:n]); ok && addr == addr.Unmap() {
		r.addrs = append(r.addrs, addr)
		return addresses
	}
	return nothing
}

// isBelow reports whether name is below text: "orders.v2" is below "v2".
func isBelow(name string, text []byte) bool {
	at := len(name) - len(text)
	return at > 0 && name[at-1] == '.' && name[at:] == string(text)
}
