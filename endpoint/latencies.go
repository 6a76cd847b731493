package endpoint

import (
	"math/bits"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

const (
	leastSeen  = 100  // latencies before anything is said of them
	window     = 1000 // latencies after which all count for half
	lookEvery  = 32   // latencies between two looks at all of them: a power of two
	fine       = 4    // bits after the leading one that are told apart
	slowestBit = 42   // 2^42 ns is over an hour
	one        = 1 << 16
)

// latencies knows the 95th percentile of the latest latencies, to a sixteenth. They are counted in buckets as wide as
// a sixteenth of the power of two below them, and count less the older they are.
//
// Source: Tene's HdrHistogram for the buckets, with counts that are halved now and then.
type latencies struct {
	counts [(slowestBit - fine + 1) << fine]atomic.Uint64 // in units of 1/one, so that they can be halved
	seen   atomic.Uint64
	at     atomic.Int64 // the percentile in nanoseconds, 0 for not known

	mu sync.Mutex // to look at all
}

func (l *latencies) p95() time.Duration { return time.Duration(l.at.Load()) }

func (l *latencies) observe(latency time.Duration) { l.add(bucketOf(latency)) }

// exceeded takes in a latency that is only known to be longer than this. It counts as one of those that were, drawn by lot:
// counted as this short it would pull the percentile down, the more the shorter that is.
//
// Source: Efron, "The Two Sample Problem with Censored Data", 1967, where what is censored is redistributed to the right.
func (l *latencies) exceeded(latency time.Duration) {
	longer := l.counts[min(bucketOf(latency)+1, len(l.counts)-1):]
	var whole uint64
	for i := range longer {
		whole += longer[i].Load()
	}
	drawn, at := uint64(0), 0
	if whole > 0 {
		drawn = rand.Uint64N(whole)
	}
	for i := range longer {
		count := longer[i].Load()
		if at = i; whole == 0 || drawn < count {
			break
		}
		drawn -= count
	}
	l.add(len(l.counts) - len(longer) + at)
}

func (l *latencies) add(bucket int) {
	l.counts[bucket].Add(one)
	if seen := l.seen.Add(1); seen >= leastSeen && (seen&(lookEvery-1) == 0 || seen == leastSeen) {
		l.look()
	}
}

// look does nothing while another goroutine does it.
func (l *latencies) look() {
	if !l.mu.TryLock() {
		return
	}
	defer l.mu.Unlock()
	var whole uint64
	for i := range l.counts {
		whole += l.counts[i].Load()
	}
	below, limit := uint64(0), whole-whole/20
	for i := range l.counts {
		count := l.counts[i].Load()
		if below += count; below >= limit {
			l.at.Store(int64(endOf(i)))
			break
		}
	}
	if whole < window*one {
		return
	}
	for i := range l.counts {
		count := &l.counts[i]
		count.Add(-(count.Load() / 2)) // which loses nothing that is added meanwhile
	}
}

// bucketOf gives the bucket: the leading bit and the fine ones after it, as one number.
func bucketOf(latency time.Duration) int {
	at := uint64(max(latency, 1<<fine))
	at = min(at, 1<<(slowestBit+1)-1)
	exponent := bits.Len64(at) - 1 // from fine to slowestBit
	return (exponent-fine)<<fine + int(at>>(exponent-fine)) - 1<<fine
}

// endOf is the shortest latency that is beyond a bucket.
func endOf(bucket int) time.Duration {
	exponent, rest := bucket>>fine, bucket&(1<<fine-1)
	return time.Duration(1<<fine+rest+1) << exponent
}
