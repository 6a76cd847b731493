package dnsendpoint

import (
	"net/netip"
	"sync/atomic"
	"time"
)

const (
	// queryRate is how many queries a second a prefix may send beyond loopback: 5 % of one core at
	// 25 µs each, and 8 queries a second from each host of a /24. queryBurst more may come at once.
	queryRate  = 2000
	queryBurst = 2000

	rateRows    = 2
	rateBuckets = 4096 // of a row, a power of two; both rows are 64 KiB
)

// rateLimit is a token bucket for each prefix, in memory that never grows. A prefix has a bucket in
// each row, which a keyed hash chooses, and passes while one of them has a token. So a flood keeps
// another prefix out only if it drains both of its buckets: 1 in 16 million for each prefix that
// floods, and no client can know which.
type rateLimit struct {
	key   sipKey
	start time.Time

	// Buckets are empty until the time that they hold, in nanoseconds since start, less a burst:
	// the generic cell rate algorithm (ITU-T I.371), a token bucket in one number.
	rows [rateRows][rateBuckets]atomic.Int64
}

func newRateLimit(now time.Time) *rateLimit { return &rateLimit{key: newSipKey(), start: now} }

// allow reports whether the prefix may be answered now, and takes a token. It allocates nothing,
// and may be called concurrently.
func (r *rateLimit) allow(prefix netip.Prefix, now time.Time) bool {
	ip := prefix.Addr().As16() // a /24 is in ::ffff:0:0/96 there, where no /56 begins but one
	hash := sipHash(r.key, ip[:])
	elapsed := int64(now.Sub(r.start))
	allowed := false
	for i := range r.rows {
		if take(&r.rows[i][hash%rateBuckets], elapsed) {
			allowed = true
		}
		hash /= rateBuckets
	}
	return allowed
}

func take(bucket *atomic.Int64, now int64) bool {
	const (
		token = int64(time.Second / queryRate)
		burst = token * queryBurst
	)
	for {
		until := bucket.Load()
		next := max(until, now) + token
		if next-now > burst {
			return false
		}
		if bucket.CompareAndSwap(until, next) {
			return true
		}
	}
}

const (
	prefix4 = 24 // what one network of clients has, of IPv4
	prefix6 = 56 // and of IPv6: what one subscriber is given (RFC 6177)
)

// prefixOf returns the network of a client, the zero value for what is no IP.
func prefixOf(addr netip.Addr) netip.Prefix {
	bits := prefix6
	if addr = addr.Unmap(); addr.Is4() {
		bits = prefix4
	}
	prefix, _ := addr.Prefix(bits) // fails only for the zero value
	return prefix
}
