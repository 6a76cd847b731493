package balancer

import "math/bits"

// Random picks each item with the same probability; weights do not count.
func Random() Policy {
	return func(s *Set) Picker {
		n := uint64(len(s.Candidates))
		return func(call Call) int { return below(call.Word, n) }
	}
}

// WeightedRandom picks each item with a probability in proportion to its weight.
func WeightedRandom() Policy {
	return func(s *Set) Picker {
		weights, _ := weightsOf(s.Candidates)
		table := newAliasTable(weights)
		return func(call Call) int { return table.draw(uint32(call.Word >> 32)) }
	}
}

// below maps a random word to a number below n.
func below(word, n uint64) int {
	high, _ := bits.Mul64(word, n)
	return int(high)
}
