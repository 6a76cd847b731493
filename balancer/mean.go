package balancer

import (
	"math"
	"sync/atomic"
)

// mean is an exponentially weighted moving average. The zero value has seen nothing.
type mean struct{ bits atomic.Uint64 }

func (m *mean) value() float64 { return math.Float64frombits(m.bits.Load()) }

// add takes in a value, which counts for a share of the mean; the first one is all of it.
func (m *mean) add(value, share float64) {
	for {
		old := m.bits.Load()
		next := value
		if old != 0 {
			next = math.Float64frombits(old) + share*(value-math.Float64frombits(old))
		}
		if m.bits.CompareAndSwap(old, math.Float64bits(next)) {
			return
		}
	}
}
