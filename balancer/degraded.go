package balancer

import (
	"math/bits"
	"sync/atomic"
	"time"
)

const (
	// After the latest failure.
	trialSoonest = 20 * time.Millisecond
	trialLatest  = 5 * time.Second
	trialEvery   = time.Second // from then on, until one succeeds
	forgetAfter  = 10 * time.Second

	// One pick in so many is a trial: fewer after each further failure in a row, more of a candidate
	// that had answered many calls before it failed, as with that a single failure says less.
	unprovenOdds = 64
	leastOdds    = 1024
	provenMost   = 3 // halvings of unprovenOdds; each stands for timedOneIn successes
)

// degradation keeps calls from a candidate whose latest call failed, but for trials. It is over when a
// trial succeeds, and at the latest forgetAfter after the latest failure. Picks are counted, not load,
// so that one caller and many that overlap have the same share of trials.
type degradation struct {
	failedAt atomic.Int64
	trialAt  atomic.Int64  // when one is let through whatever the odds
	odds     atomic.Uint32 // a power of two
	proven   atomic.Uint32 // timed successes since the latest failure, up to provenMost
}

// begin starts it, or starts it again.
func (d *degradation) begin(at int64, failuresInARow int32, proven uint32) {
	odds := uint32(unprovenOdds) >> proven
	for ; failuresInARow > 1 && odds < leastOdds; failuresInARow-- {
		odds *= 4
	}
	d.odds.Store(min(odds, leastOdds))
	d.trialAt.Store(at + int64(trialLatest))
	d.failedAt.Store(at)
}

// over reports whether it has ended by the time that has passed.
func (d *degradation) over(at int64) bool { return at-d.failedAt.Load() >= int64(forgetAfter) }

// tries reports whether a pick is let through as a trial. The word is random.
func (d *degradation) tries(word uint64, at int64) bool {
	if next := d.trialAt.Load(); at >= next {
		return d.trialAt.CompareAndSwap(next, at+int64(trialEvery))
	}
	return at-d.failedAt.Load() >= int64(trialSoonest) &&
		bits.TrailingZeros64(word) >= bits.TrailingZeros32(d.odds.Load())
}

// prove records a timed success.
func (d *degradation) prove() {
	if proven := d.proven.Load(); proven < provenMost {
		d.proven.CompareAndSwap(proven, proven+1)
	}
}

// isDegraded reports whether it gets trials only.
func (c *Candidate) isDegraded(at int64) bool {
	return c.caution.Load()&degraded != 0 && !c.degradation.over(at)
}

// outdoneBy reports whether other is preferred to c however busy it is: a candidate that fails fast is
// idle, and must not attract calls by that.
func (c *Candidate) outdoneBy(other *Candidate) bool {
	return c.failures.Load() != 0 && other.failures.Load() == 0
}

// degrade does nothing if too many are degraded or out of use already, and while the set changes.
func (b *Balancer[T]) degrade(c *Candidate, failuresInARow int32, proven uint32) {
	at := now()
	if c.isDegraded(at) {
		c.degradation.begin(at, failuresInARow, proven)
		return
	}
	if !b.mu.TryLock() {
		return
	}
	defer b.mu.Unlock()
	current := b.set.Load()
	if current == nil || c.isOut(at) {
		return
	}
	if out, fewer := current.countUnused(at); 2*(out+fewer+1) <= len(current.values) {
		c.degradation.begin(at, failuresInARow, proven)
		c.caution.Or(degraded)
	}
}

// relieve ends the oldest degradation if with one more that is out of use less than half of the set
// would have its usual share.
func (s *set[T]) relieve(at int64) {
	if out, fewer := s.countUnused(at); 2*(out+fewer) <= len(s.values) {
		return
	}
	var oldest *Candidate
	for _, c := range s.candidates {
		if !c.isOut(at) && c.isDegraded(at) &&
			(oldest == nil || c.degradation.failedAt.Load() < oldest.degradation.failedAt.Load()) {
			oldest = c
		}
	}
	if oldest != nil {
		oldest.caution.And(^uint32(degraded))
	}
}
