package balancer

import (
	"math"
	"time"
)

const (
	peakSpan = 10 * time.Second // in which old latencies are forgotten, as in Finagle
	peakLast = 5 * time.Second  // after which a latency says nothing if none came after it
)

// PeakEWMA draws two different items and picks the one with the smaller product of its latency and its calls in flight.
// A latency above the mean is taken over at once, one below moves the mean by and by. Weights do not count, as the latency shows what an item can
// do. An item that was not called yet, or not for 5 s, is tried first, by one call at a time. After a failure an item
// gets trials only, as with [LeastRequest].
//
// Every call is timed, and old latencies fade, so that a pick takes some 200 ns, ten times as long as with [LeastRequest]. It
// goes by what is past: with items that report, LeastRequest keeps tails shorter.
//
// Source: Finagle's P2C with Peak EWMA, twitter/finagle, PeakEwma.scala.
func PeakEWMA() Policy {
	return func(s *Set) Picker {
		s.TimeEveryCall()
		s.degradeFailing()
		candidates := s.Candidates
		if len(candidates) == 1 {
			return func(Call) int { return 0 }
		}
		return func(call Call) int {
			first, second := twoUniform(call.Word, len(candidates))
			at := now()
			a, b := candidates[first], candidates[second]
			if b.peakCost(at) < a.peakCost(at) && !b.outdoneBy(a) {
				return second
			}
			return first
		}
	}
}

// unknownCost makes an item whose latency is not known yet look worse than any other once it has a call.
const unknownCost = float64(time.Hour)

func (c *Candidate) peakCost(at int64) float64 {
	calls := float64(c.inFlight.Load())
	word := c.peak.word.Load()
	if word == 0 || ageOf(word, at) > int64(peakLast) {
		return calls * unknownCost
	}
	return decayed(word, at, peakSpan) * (calls + 1)
}

// observePeak takes in a latency.
func (c *Candidate) observePeak(nanoseconds float64) {
	at := now()
	old := c.peak.word.Load()
	kept := decayed(old, at, peakSpan) // old × e^(-t/span)
	whole := float64(math.Float32frombits(uint32(old >> 32)))
	if nanoseconds < whole && ageOf(old, at) <= int64(peakLast) {
		nanoseconds = kept + nanoseconds*(1-kept/whole)
	}
	c.peak.word.CompareAndSwap(old, packed(nanoseconds, at)) // one of two at the same moment is enough
}
