package dnsendpoint

import (
	"math/rand/v2"

	"github.com/grapevine-go/grapevine/membership"
	"golang.org/x/net/dns/dnsmessage"
)

// response is a response being made. One is used again and again, so that nothing is allocated.
type response struct {
	message
	settings
	question question
	flags    uint16 // of the header
	rcode    dnsmessage.RCode
	reply    reply
	serial   uint32 // of SOA
	proved   bool   // the client returned a valid cookie

	tables   *tables
	unusable func(membership.Instance, string)
	found
	order   order
	heavy   int       // the largest weight of those that are answered
	written []written // what the answers name
	seen    []bool    // by target.host
}

// written is a target with the offset of the name that its answer holds.
type written struct {
	target *target
	name   int
}

func newResponse() *response {
	return &response{order: order{random: rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))}}
}

// reset forgets the last question, and nothing of it stays in memory.
func (r *response) reset() {
	r.message = message{}
	r.flags, r.rcode, r.reply, r.proved = 0, 0, reply{}, false
	r.question.section, r.question.edns = nil, edns{}
	r.tables = nil
	clear(r.picks)
	r.found.reset()
	clear(r.written)
	r.written = r.written[:0]
	clear(r.order.keys[:cap(r.order.keys)])
	r.order.reset()
}

// asked is the name of the question, to be the owner of records.
func (r *response) asked() owner { return owner{pointer: headerSize} }

// zoneAt is where the zone begins in the message.
func (r *response) zoneAt() int {
	return r.zone.at(len(r.question.section) - questionTail)
}

// inZone is a name in the zone.
func (r *response) inZone(labels []byte) owner { return owner{labels: labels, pointer: r.zoneAt()} }

// once reports whether a host has not been seen yet in this response.
func (r *response) once(host int) bool {
	for host >= len(r.seen) {
		r.seen = append(r.seen, false)
	}
	if r.seen[host] {
		return false
	}
	r.seen[host] = true
	return true
}
