package balancer

import "math/rand/v2"

// secondDraws is how often a second item is drawn that may turn out to be the first again.
const secondDraws = 4

// LeastRequest draws two different items in proportion to their weights and picks the one with fewer calls in
// flight for its weight. With equal weights this is the power of two choices; on a tie the first drawn wins.
//
// With q calls in flight and weight w, the call goes to the second item if (q₂+1)/w₂ <= q₁/w₁, that is, if it would
// be no fuller with the call than the first is without. So the shares are the weights when calls do not overlap and
// close to them when they do. Comparing (q+1)/w on both sides would count the weights twice and leave a light item
// without any call until the heavy ones have many.
//
// Sources: Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", IEEE Transactions on Parallel and
// Distributed Systems 12(10), 2001. Envoy's least request policy also sets the weight against q+1.
func LeastRequest() Policy {
	return func(candidates []*Candidate) Picker {
		weights, equal := weightsOf(candidates)
		switch {
		case len(candidates) == 1:
			return func() int { return 0 }
		case equal:
			return leastOfUniform(candidates)
		default:
			return leastOfWeighted(candidates, newAliasTable(weights))
		}
	}
}

func weightsOf(candidates []*Candidate) (weights []uint64, equal bool) {
	weights, equal = make([]uint64, len(candidates)), true
	for i, candidate := range candidates {
		weights[i] = uint64(candidate.Weight())
		equal = equal && weights[i] == weights[0]
	}
	return weights, equal
}

func leastOfUniform(candidates []*Candidate) Picker {
	return func() int {
		first, second := twoUniform(rand.Uint64(), len(candidates))
		return lessLoaded(candidates, first, second)
	}
}

func leastOfWeighted(candidates []*Candidate, table aliasTable) Picker {
	return func() int {
		first, second := twoWeighted(rand.Uint64(), table)
		return lessLoaded(candidates, first, second)
	}
}

// lessLoaded compares by cross multiplication, which does not overflow below 2^43 calls in flight.
func lessLoaded(candidates []*Candidate, first, second int) int {
	a, b := candidates[first], candidates[second]
	if (b.inFlight.Load()+1)*a.weight.Load() <= a.inFlight.Load()*b.weight.Load() {
		return second
	}
	return first
}
