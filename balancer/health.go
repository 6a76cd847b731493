package balancer

import (
	"math/rand/v2"
	"sync/atomic"
	"time"
)

const (
	errorSpan  = 5 * time.Second // in which the share of errors falls to 1/e
	errorStep  = 0.25            // the weight of the latest call in the share of errors
	errorLeast = 0.01            // a smaller share is none

	firstEjection   = time.Second
	longestEjection = 8 * time.Second  // so that an item is back within seconds of the end of its fault
	silentFor       = 10 * time.Second // longer than the longest pause between two probes
)

// Caution holds these flags of a candidate.
const (
	ejected  = 1 << iota // after failures, until out.until
	silent               // it answers no probes, until silentUntil
	warming              // it starts slowly
	degraded             // its latest call failed, see degradation
)

// out is when a candidate is not in use. Its times are written with the Balancer's lock held.
type out struct {
	until       atomic.Int64
	silentUntil atomic.Int64
	times       int // ejected, one soon after the other
}

// failing reports whether a success would change the candidate's health.
func (c *Candidate) failing() bool {
	return c.failures.Load() != 0 || !c.errors.isZero() || c.caution.Load()&(silent|degraded) != 0
}

// succeeded takes in a success. Only that of a trial ends a degradation: other calls may have begun before
// the failure.
func (c *Candidate) succeeded(trial bool) {
	c.failures.Store(0)
	ended := uint32(silent)
	if trial {
		ended |= degraded
	}
	c.caution.And(^ended)
	c.errors.change(now(), errorSpan, func(share float64) float64 {
		return aboveLeast(share * (1 - errorStep))
	})
}

func aboveLeast(share float64) float64 {
	if share < errorLeast {
		return 0
	}
	return share
}

func (b *Balancer[T]) failed(c *Candidate) {
	c.errors.change(now(), errorSpan, func(share float64) float64 { return share + (1-share)*errorStep })
	failures, proven := c.failures.Add(1), c.degradation.proven.Swap(0)
	if b.degrades.Load() {
		b.degrade(c, failures, proven)
	}
	if b.options.failures > 0 && int(failures) >= b.options.failures {
		b.eject(c)
	}
}

// eject does nothing while the set changes, which takes long if it is large: the next failure will do.
func (b *Balancer[T]) eject(c *Candidate) {
	if !b.mu.TryLock() {
		return
	}
	defer b.mu.Unlock()
	at := now()
	if c.isOut(at) || !b.mayLose(at) {
		return
	}
	if at-c.out.until.Load() > int64(longestEjection) {
		c.out.times = 0
	}
	length := min(firstEjection<<c.out.times, longestEjection)
	c.out.times = min(c.out.times+1, 8)
	c.out.until.Store(at + int64(length/2+rand.N(length/2)))
	c.failures.Store(int32(b.options.failures - 1))
	c.caution.Or(ejected)
	b.set.Load().relieve(at)
}

// mayLose reports whether one more can be taken out of use, so that half of the set is left.
func (b *Balancer[T]) mayLose(at int64) bool {
	current := b.set.Load()
	if current == nil {
		return false
	}
	out, _ := current.countUnused(at)
	return 2*(out+1) <= len(current.values)
}

// isOut reports whether it is to be picked only when nothing else is left.
func (c *Candidate) isOut(at int64) bool {
	caution := c.caution.Load()
	return caution&silent != 0 && at < c.out.silentUntil.Load() || caution&ejected != 0 && at < c.out.until.Load()
}

// admits reports whether a policy's pick is to be followed. The word is random.
func (c *Candidate) admits(word uint64) bool {
	if c.caution.Load() == 0 {
		return true
	}
	at := now()
	if c.isOut(at) {
		return false
	}
	caution := c.caution.And(^uint32(ejected | silent))
	if caution&degraded != 0 {
		if !c.degradation.over(at) {
			return c.degradation.tries(word, at)
		}
		c.caution.And(^uint32(degraded))
	}
	if caution&warming == 0 {
		return true
	}
	share := c.warmth.share(at)
	if share >= 1 {
		c.caution.And(^uint32(warming))
	}
	return below01(word, share)
}
