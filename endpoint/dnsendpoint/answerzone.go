package dnsendpoint

import "golang.org/x/net/dns/dnsmessage"

// The times of SOA that secondaries go by. There are none: transfers are refused.
const (
	refresh = 3600
	retry   = 600
	expire  = 86400
)

// ofZone answers for the zone itself.
func (r *response) ofZone() {
	switch r.question.qtype {
	case dnsmessage.TypeSOA:
		r.authority(answerSection)
	case dnsmessage.TypeNS:
		r.begin(answerSection, r.asked(), dnsmessage.TypeNS, r.ttl)
		r.nameServer()
		r.end()
		for _, addr := range r.addrs {
			r.begin(additionalSection, r.inZone(nameServerWire), typeOf(addr), r.ttl)
			r.address(addr)
			r.end()
		}
	}
}

// negative adds the record by which a client knows for how long there is no answer, RFC 2308.
func (r *response) negative() { r.authority(authoritySection) }

// authority writes SOA.
func (r *response) authority(in section) {
	r.begin(in, r.inZone(nil), dnsmessage.TypeSOA, r.ttl)
	r.nameServer()
	r.label("hostmaster")
	r.pointer(r.zoneAt())
	r.uint32(r.serial)
	r.uint32(refresh)
	r.uint32(retry)
	r.uint32(expire)
	r.uint32(r.ttl) // of a negative answer
	if !r.end() {
		r.cut()
	}
}

// nameServerWire is the label of nameServerLabel.
var nameServerWire = []byte("\x02ns")

func (r *response) nameServer() { r.message.name(r.inZone(nameServerWire)) }
