package balancer

import (
	"math"
	"sync/atomic"
	"time"
)

var epoch = time.Now()

// now is the time in nanoseconds since some moment years ago, so that 0 is long ago. It costs half of what time.Now does.
func now() int64 { return int64(time.Since(epoch)) + longAgo }

// longAgo is 36 years: a synctest bubble lives in the year 2000.
const longAgo = 1 << 60

// tick is the unit in which a decaying remembers a time: 17 ms, which wraps around after two years.
const tick = 24

// decaying is a number that falls towards 0 as time passes, in one word so that it needs no lock: the high half is the
// number, the low half when it was right. The zero value is 0.
type decaying struct{ word atomic.Uint64 }

func (d *decaying) isZero() bool { return d.word.Load() == 0 }

// at is the number now, after falling to 1/e within each span.
func (d *decaying) at(now int64, span time.Duration) float64 {
	return decayed(d.word.Load(), now, span)
}

// change sets the number to what f makes of its value now. f may be called more than once.
func (d *decaying) change(now int64, span time.Duration, f func(float64) float64) {
	for {
		old := d.word.Load()
		if d.word.CompareAndSwap(old, packed(f(decayed(old, now, span)), now)) {
			return
		}
	}
}

func decayed(word uint64, now int64, span time.Duration) float64 {
	if word == 0 {
		return 0
	}
	return float64(math.Float32frombits(uint32(word>>32))) * math.Exp(-float64(ageOf(word, now))/float64(span))
}

// ageOf is how long ago a word was packed.
func ageOf(word uint64, now int64) int64 { return int64(uint32(now>>tick)-uint32(word)) << tick }

func packed(value float64, now int64) uint64 {
	if value == 0 {
		return 0
	}
	return uint64(math.Float32bits(float32(value)))<<32 | uint64(uint32(now>>tick))
}
