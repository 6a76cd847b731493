package dnsendpoint

import (
	"errors"
	"net/netip"
	"time"

	"github.com/grapevine-go/grapevine/membership"
	"golang.org/x/net/dns/dnsmessage"
)

// source is what the transport knows of the client.
type source struct {
	addr     netip.Addr
	loopback bool // 4096 bytes fit there, 1232 elsewhere
	tcp      bool // 64 KiB fit
}

// respond appends the response to query, or returns buf as it was where no response is due. buf may
// hold something already, as the length before a message in TCP. It allocates nothing for A, AAAA
// and SRV once buf is large enough. It may be called concurrently, after setup.
func (s *Server) respond(buf, query []byte, from source, now time.Time) []byte {
	r := s.responses.Get().(*response)
	defer s.responses.Put(r)
	defer r.reset()
	rcode, due := r.question.parse(query)
	if !due {
		return buf
	}
	r.settings, r.rcode, r.unusable = s.settings, rcode, s.unusable
	e := r.question.edns
	r.reply = reply{due: e.present, dnssec: e.dnssec, cookie: e.hasCookie, client: e.client}
	if e.hasCookie {
		r.reply.server, r.proved = s.cookie(e.client, e.server, from.addr, now)
	}
	r.message.reset(buf, r.question.section, from.limit(e))
	if rcode == dnsmessage.RCodeSuccess {
		s.answerQuestion(r)
		if from.tcp && r.count[answerSection] > 0 {
			r.flags &^= bitTruncated // nothing larger can be asked for: what fits is the answer
		}
	}
	if r.overTold(len(query), from) {
		r.refuse()
	}
	if r.wasCut() {
		s.truncated(r.question.name.text())
	}
	return r.close(from)
}

// answerQuestion writes the records, with room left for OPT.
func (s *Server) answerQuestion(r *response) {
	text, ours := under(r.question.name.text(), s.settings.zone.text)
	if !ours || r.question.class != dnsmessage.ClassINET {
		r.rcode = dnsmessage.RCodeRefused
		return
	}
	snapshot := s.View.Snapshot()
	if errors.Is(snapshot.Err(), membership.ErrIsolated) {
		r.settings.ttl, r.reply.stale = isolatedTTL, true
	}
	r.tables = s.latest.of(snapshot, s.known)
	r.serial = serialOf(s.serial, r.tables.snapshot)
	r.limit -= r.reply.size()
	r.answer(s, text)
	r.limit += r.reply.size()
}

// isolatedTTL is of answers while the member is isolated, in seconds: they may be wrong.
const isolatedTTL = 1

// close adds OPT and the header.
func (r *response) close(from source) []byte {
	if r.reply.due {
		r.buf = r.reply.append(r.buf, r.rcode, from.largest())
		r.count[additionalSection]++
	}
	flags := bitResponse | r.question.flags&(maskOpcode|bitRecursionDesired|bitCheckingDisabled) |
		r.flags | uint16(r.rcode)&maskRCode
	questions := uint16(0)
	if r.question.section != nil {
		questions = 1
	}
	return r.finish(r.question.id, flags, questions)
}
