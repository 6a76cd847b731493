package balancer

// WeightedRoundRobin picks in turn too, each item in proportion to its weight. Items of one weight come in the order
// of Update, as with [RoundRobin], from a first item that is random. Otherwise the picks of each item are spread
// evenly: after n picks an item is off its share by a few, by the order of log n, where random picks would be off by
// the order of the square root of n.
//
// The turns are the multiples of the golden ratio, of which any number in a row are spread evenly over an interval; the
// alias table maps that to items in constant time, where a scheduler by deadlines or strides would have to search.
//
// Source: Kuipers, Niederreiter, "Uniform Distribution of Sequences", 1974, chapter 2, section 3, for the sequence.
func WeightedRoundRobin() Policy {
	turn := newTurn()
	return func(s *Set) Picker {
		weights, equal := weightsOf(s.Candidates)
		if n := uint64(len(weights)); equal {
			return func(Call) int { return int(uint64(turn.Add(1)-1) % n) }
		}
		table := newAliasTable(weights)
		return func(Call) int { return table.draw(uint32(uint64(turn.Add(1)) * goldenRatio >> 32)) }
	}
}

// goldenRatio is its fraction, in units of 2^-64.
const goldenRatio = 0x9e3779b97f4a7c15
