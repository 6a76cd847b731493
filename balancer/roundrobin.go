package balancer

// RoundRobin picks each item in turn, in the order of Update; weights do not count. A change of the set does not
// start again from the first item, which would get more than its share when changes are frequent.
func RoundRobin() Policy {
	turn := new(counter)
	return func(s *Set) Picker {
		n := uint64(len(s.Candidates))
		return func(Call) int { return int(uint64(turn.Add(1)-1) % n) }
	}
}
