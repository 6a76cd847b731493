package balancer

import "math/rand/v2"

// RoundRobin picks each item in turn, in the order of Update; weights do not count. The first is drawn by lot, as clients that
// start together and walk in step would all call the same item at a time. A change of the set does not start again, which would
// give the first items more than their share when changes are frequent.
func RoundRobin() Policy {
	turn := newTurn()
	return func(s *Set) Picker {
		n := uint64(len(s.Candidates))
		return func(Call) int { return int(uint64(turn.Add(1)-1) % n) }
	}
}

func newTurn() *counter {
	turn := new(counter)
	turn.Store(rand.Int64N(1 << 62))
	return turn
}
