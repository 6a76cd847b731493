package balancer

import (
	"cmp"
	"slices"
	"strings"
)

// shares divides a number of places by weight. The candidates with the largest remainders get what is left over, so that a light one
// gets none only where there are fewer places than would be due to it.
func shares(candidates []*Candidate, places int) []int {
	weights, _ := weightsOf(candidates)
	var whole uint64
	for _, weight := range weights {
		whole += weight
	}
	given, left := make([]int, len(weights)), places
	order, remainders := make([]int, len(weights)), make([]uint64, len(weights))
	for i, weight := range weights {
		given[i] = int(weight * uint64(places) / whole)
		remainders[i] = weight * uint64(places) % whole
		left -= given[i]
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(remainders[b], remainders[a]), compareKeys(candidates[a], candidates[b]))
	})
	for _, i := range order[:left] {
		given[i]++
	}
	return given
}

func compareKeys(a, b *Candidate) int { return strings.Compare(a.key, b.key) }
