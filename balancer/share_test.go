package balancer

import (
	"slices"
	"testing"
)

func TestShares(t *testing.T) {
	for _, tt := range []struct {
		weights []int
		places  int
		want    []int
	}{
		{[]int{1, 1, 1}, 9, []int{3, 3, 3}},
		{[]int{5, 3, 3}, 10, []int{4, 3, 3}}, // of 4.5, 2.7 and 2.7
		{[]int{1, 1, 1}, 10, []int{4, 3, 3}}, // the first by key
		{[]int{1, 98, 1}, 10, []int{0, 10, 0}},
		{[]int{1, 2}, 0, []int{0, 0}},
	} {
		b := newBalancer(Random(), numbered(tt.weights...))
		if got := shares(b.set.Load().candidates, tt.places); !slices.Equal(got, tt.want) {
			t.Errorf("%v share %d places as %v, want %v", tt.weights, tt.places, got, tt.want)
		}
	}
}
