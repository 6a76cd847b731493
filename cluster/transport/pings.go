package transport

import (
	"math/rand/v2" // seeded by the system: nobody can foretell a number
	"sync"
	"time"
)

const (
	mostPings   = 4096             // pings whose answer is waited for; beyond it, the oldest is forgotten
	pingsLast   = 10 * time.Second // for which an answer counts: memberlist waits up to 8 s where this node is late
	verifyTries = 3                // questions to a newcomer, until it is dialled
	verifyPause = 100 * time.Millisecond
)

// pings are those that were sent. memberlist numbers its pings from 0 and takes any answer with the
// number. Here each ping gets a number that is drawn by lot, and each request for an indirect ping
// one of its own, so that an answer counts only from the member that was asked.
type pings struct {
	mu     sync.Mutex
	sent   map[uint32]*sentPing
	oldest []uint32 // in the order of sending; may name those that are gone
}

// sentPing is a ping, or a request for one.
type sentPing struct {
	seq      uint32 // memberlist's number
	to       Address
	target   string        // that the receiver was asked to ping; "" for a direct ping
	answered chan struct{} // gets a token with the answer, where it is not memberlist's; or nil
	at       time.Time
}

// add draws a number.
func (s *pings) add(p *sentPing) (number uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sent == nil {
		s.sent = make(map[uint32]*sentPing)
	}
	for len(s.oldest) > 0 {
		first := s.sent[s.oldest[0]]
		if first != nil && len(s.sent) < mostPings && p.at.Sub(first.at) <= pingsLast {
			break
		}
		delete(s.sent, s.oldest[0])
		s.oldest = s.oldest[1:]
	}
	for number = rand.Uint32(); s.sent[number] != nil; number = rand.Uint32() {
	}
	s.sent[number] = p
	s.oldest = append(s.oldest, number)
	return number
}

func (s *pings) forget(number uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sent, number)
}

// take returns the ping that is answered, nil for an answer that nobody waits for or that is not of
// the member that was asked. An ack ends the wait. A nack says that the ack may still come.
func (s *pings) take(number uint32, now time.Time, isFrom func(to Address) bool, final bool) *sentPing {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.sent[number]
	if p == nil || now.Sub(p.at) > pingsLast || !isFrom(p.to) || !final && p.target == "" {
		return nil
	}
	if final {
		delete(s.sent, number)
	}
	return p
}

// isFrom reports whether a message is of the member at to. Where nothing is sealed nobody proves who
// it is: then it must not be another member that is known.
func (t *Transport) isFrom(from From, to Address) bool {
	switch {
	case t.identity != nil:
		return to.Name == "" || from.ID == to.Name
	case from.says != "":
		return to.Name == "" || from.says == to.Name
	}
	sender := t.book.livingAt(from.Addr)
	return sender == nil || sender.id == to.Name || sender.id == "" || from.Addr.String() == to.Addr
}

// acknowledged takes an answer to a ping: the number that memberlist gave it, if it is for memberlist.
//
// The ack of the pinged member itself proves that it is at the address. The ack of a relay is
// hearsay. It only keeps memberlist from suspecting the target on this probe, which is what indirect
// pings are for, and the owner of the transport hears of it, to probe the target itself.
func (t *Transport) acknowledged(number uint32, from From, final bool) (seq uint32, ok bool) {
	p := t.pings.take(number, time.Now(), func(to Address) bool { return t.isFrom(from, to) }, final)
	switch {
	case p == nil:
		t.stats.unasked.Add(1)
		return 0, false
	case p.target != "":
		if final && t.relayed != nil {
			t.relayed(p.target)
		}
		return p.seq, true
	}
	if p.to.Name != "" {
		t.proved.add(p.to.Addr, p.to.Name)
	}
	if p.answered != nil {
		p.answered <- struct{}{} // there is room for one of each try
		return 0, false
	}
	return p.seq, true
}

// numbered gives a packet of memberlist's the numbers under which its pings are sent.
func (t *Transport) numbered(b []byte, to Address) []byte {
	changed, inside := false, b
	if len(inside) > crcHeader && inside[0] == mlCRC {
		inside = inside[crcHeader:]
	}
	if len(inside) == 0 {
		return b
	}
	if inside[0] != mlCompound {
		if part, ok := t.numberedPart(inside, to); ok {
			return part
		}
		return b
	}
	var parts [][]byte
	err := eachPart(inside[1:], func(part []byte) error {
		if one, ok := t.numberedPart(part, to); ok {
			part, changed = one, true
		}
		parts = append(parts, part)
		return nil
	})
	if err != nil || !changed {
		return b
	}
	return compound(parts) // without the checksum: it is sealed, or UDP has one
}

func (t *Transport) numberedPart(b []byte, to Address) (out []byte, ok bool) {
	if b[0] != mlPing && b[0] != mlIndirectPing {
		return nil, false
	}
	read, rest, err := packetMessages[b[0]].read(b[1:])
	if err != nil || len(rest) > 0 {
		return nil, false
	}
	p := &sentPing{seq: uint32(read.value("SeqNo").number), to: to, at: time.Now()}
	if b[0] == mlIndirectPing {
		p.target = string(read.value("Node").text)
	}
	return read.rewrite(b[0], map[string][]byte{"SeqNo": packAppendNumber(nil, t.pings.add(p))}), true
}
