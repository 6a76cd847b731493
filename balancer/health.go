package balancer

import (
	"math/rand/v2"
	"sync/atomic"
	"time"
)

const (
	errorSpan = 5 * time.Second // in which the share of errors falls to 1/e
	errorStep = 0.25            // the weight of the latest call in the share of errors

	firstEjection   = time.Second
	longestEjection = 30 * time.Second
)

// What caution says of a candidate.
const (
	ejected = 1 << iota // after failures, until out.until
	silent              // it answers no probes
	warming             // it starts slowly
)

// out is when a candidate is not in use. Its times are written with the Balancer's lock held.
type out struct {
	until atomic.Int64
	times int // ejected, one soon after the other
}

// failing says whether a success is news.
func (c *Candidate) failing() bool {
	return c.failures.Load() != 0 || !c.errors.isZero() || c.caution.Load()&silent != 0
}

func (c *Candidate) succeeded() {
	c.failures.Store(0)
	c.caution.And(^uint32(silent))
	c.errors.change(now(), errorSpan, func(share float64) float64 {
		if share *= 1 - errorStep; share < 0.01 {
			return 0
		}
		return share
	})
}

func (b *Balancer[T]) failed(c *Candidate) {
	c.errors.change(now(), errorSpan, func(share float64) float64 { return share + (1-share)*errorStep })
	if failures := c.failures.Add(1); b.options.failures > 0 && int(failures) >= b.options.failures {
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
}

// mayLose says whether one more can be taken out of use, so that half of the set is left.
func (b *Balancer[T]) mayLose(at int64) bool {
	current := b.set.Load()
	return current != nil && 2*(current.countOut(at)+1) <= len(current.values)
}

// isOut says whether it is to be picked only when nothing else is left.
func (c *Candidate) isOut(at int64) bool {
	caution := c.caution.Load()
	return caution&silent != 0 || caution&ejected != 0 && at < c.out.until.Load()
}

// admits says whether a policy's pick is to be followed. The word is random.
func (c *Candidate) admits(word uint64) bool {
	if c.caution.Load() == 0 {
		return true
	}
	at := now()
	if c.isOut(at) {
		return false
	}
	if c.caution.And(^uint32(ejected))&warming == 0 {
		return true
	}
	share := c.warmth.share(at)
	if share >= 1 {
		c.caution.And(^uint32(warming))
	}
	return below01(word, share)
}
