package balancer

import "sync/atomic"

// RoundRobin picks each item in turn, in the order of Update; weights do not count. A change of the set does not
// start again from the first item, which would get more than its share when changes are frequent.
func RoundRobin() Policy {
	turn := new(turnCounter)
	return func(s *Set) Picker {
		n := uint64(len(s.Candidates))
		return func(Call) int { return int((turn.Add(1) - 1) % n) }
	}
}

// turnCounter has a cache line of its own, since every pick writes it.
type turnCounter struct {
	atomic.Uint64
	_ [cacheLine - 8]byte
}
