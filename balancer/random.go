package balancer

import "math/rand/v2"

// Random picks each item with the same probability; weights do not count.
func Random() Policy {
	return func(candidates []*Candidate) Picker {
		n := len(candidates)
		return func() int { return rand.IntN(n) }
	}
}
