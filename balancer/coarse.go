package balancer

import "sync/atomic"

// coarse is a clock for what is done very often: reading a real one would cost as much as the rest of it. It is read each time
// until that turns out to be more often than needed; then by lot, so that nobody has to count.
type coarse struct {
	at   atomic.Int64
	mask atomic.Uint64 // it is read when these bits of a random word are 0
}

const (
	seldom = timedOneIn - 1 // the most that mask can be: it is read one time in 16
	often  = 4 * timedOneIn // how often it must be asked within a time so that 16 times are, nearly always, still within it
)

// now is the time, late by about within at most while it is asked for all the time. The word is random.
func (c *coarse) now(word uint64, within int64) int64 {
	mask := c.mask.Load()
	if word&mask != 0 {
		return c.at.Load()
	}
	at := now()
	switch elapsed := at - c.at.Swap(at); {
	case elapsed > within:
		c.mask.Store(0)
	case elapsed < within/often && mask < seldom:
		c.mask.Store(mask<<1 | 1)
	}
	return at
}
