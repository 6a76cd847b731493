package dnsendpoint

// The most bytes of a response.
const (
	leastSize    = 512       // over UDP without EDNS, RFC 1035 section 4.2.1
	remoteSize   = 1232      // over UDP: what IPv6 carries unfragmented, DNS Flag Day 2020
	loopbackSize = 4096      // over UDP within a host, where nothing is fragmented
	streamSize   = 1<<16 - 1 // over TCP
)

// largest returns the most bytes over UDP to a client, whatever it asks for.
func (from source) largest() uint16 {
	if from.loopback {
		return loopbackSize
	}
	return remoteSize
}

// limit returns the most bytes of a response.
func (from source) limit(e edns) int {
	switch {
	case from.tcp:
		return streamSize
	case !e.present:
		return leastSize
	default:
		return int(min(max(e.size, leastSize), from.largest()))
	}
}

// overTold reports whether a response is larger than a client may be sent that has not proved its
// address: the server would be an amplifier for a forged one.
func (r *response) overTold(query int, from source) bool {
	return !from.tcp && !from.loopback && !r.proved && r.size()+r.reply.size() > query*amplification
}

// refuse takes all records back. The client asks again by UDP with the cookie that is in the
// response, where it knows cookies, and otherwise over TCP.
func (r *response) refuse() {
	r.clear()
	if r.reply.cookie {
		r.rcode, r.flags = rcodeBadCookie, 0
		return
	}
	r.flags |= bitTruncated
}
