package dnsendpoint

import (
	"encoding/binary"
	"sync"
	"sync/atomic"
	"time"
)

// limits are those of a Server. They are made when the first client beyond loopback appears, as
// most servers have none.
type limits struct {
	once            sync.Once
	unproven, shown *rateLimit
	slips           atomic.Uint32
}

func (l *limits) make(now time.Time) {
	l.once.Do(func() { l.unproven, l.shown = newRateLimit(now), newRateLimit(now) })
}

// udp limits queries by UDP, whose source may be forged. tcp limits those by TCP, so that a flood of
// forged queries takes nothing from the connections of its victim.
func (l *limits) udp(now time.Time) *rateLimit {
	l.make(now)
	return l.unproven
}

func (l *limits) tcp(now time.Time) *rateLimit {
	l.make(now)
	return l.shown
}

const slipEvery = 2 // as BIND's and Knot's response rate limiting does

// slip appends an empty, truncated response to every second query beyond the limit: the client, if
// its address was not forged, repeats it over TCP. No response is larger than its query.
func (l *limits) slip(buf, query []byte) []byte {
	if l.slips.Add(1)%slipEvery != 0 {
		return buf
	}
	end := questionEnd(query)
	if end < 0 {
		return buf
	}
	begin := len(buf)
	buf = append(buf, query[:end]...)
	header := buf[begin:]
	flags := binary.BigEndian.Uint16(query[2:])
	binary.BigEndian.PutUint16(header[2:], bitResponse|bitTruncated|flags&bitRecursionDesired)
	clear(header[6:headerSize]) // one question, nothing else
	return buf
}

// questionEnd returns where the only question of a query ends, -1 for what is no such query.
func questionEnd(query []byte) int {
	if len(query) < headerSize || query[4] != 0 || query[5] != 1 ||
		binary.BigEndian.Uint16(query[2:])&(bitResponse|maskOpcode) != 0 {
		return -1
	}
	r := reader{msg: query, at: headerSize}
	r.skipName()
	r.take(questionTail)
	if r.failed {
		return -1
	}
	return r.at
}
