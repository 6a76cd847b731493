package balancer

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// probabilities is how likely each position is, and of how many parts of columns that is the sum.
func (t aliasTable) probabilities() (probabilities []float64, parts []int) {
	probabilities, parts = make([]float64, len(t)), make([]int, len(t))
	for i, column := range t {
		own := float64(column.own) / (1 << 32)
		probabilities[i] += own / float64(len(t))
		probabilities[column.alias] += (1 - own) / float64(len(t))
		parts[i]++
		parts[column.alias]++
	}
	return probabilities, parts
}

func checkShares(t interface{ Errorf(string, ...any) }, weights []uint64, table aliasTable) {
	var whole uint64
	for _, weight := range weights {
		whole += weight
	}
	probabilities, _ := table.probabilities()
	for i, weight := range weights {
		want := float64(weight) / float64(whole)
		if math.Abs(probabilities[i]-want) > 1.0/(1<<32)+1e-12 { // rounding of the columns, and of this test
			t.Errorf("position %d of weights %v has probability %v, want %v", i, weights, probabilities[i], want)
		}
	}
}

func TestAliasTableHasTheShares(t *testing.T) {
	weight := rapid.OneOf(rapid.Uint64Range(1, MaxWeight), rapid.Uint64Range(1, 3), rapid.Just[uint64](MaxWeight))
	rapid.Check(t, func(t *rapid.T) {
		weights := rapid.SliceOfN(weight, 1, 50).Draw(t, "weights")
		checkShares(t, weights, newAliasTable(weights))
	})
}

func TestAliasTableOfMany(t *testing.T) {
	weights := make([]uint64, 100_000)
	for i := range weights {
		weights[i] = []uint64{MaxWeight, 1, 12345}[i%3]
	}
	checkShares(t, weights, newAliasTable(weights))
}

// Words at even distances fall into each part of a column as often as it is long, give or take one.
func TestAliasTableDrawsTheShares(t *testing.T) {
	const words = 1 << 16
	rapid.Check(t, func(t *rapid.T) {
		weights := rapid.SliceOfN(rapid.Uint64Range(1, 1000), 1, 20).Draw(t, "weights")
		table, counts := newAliasTable(weights), make([]float64, len(weights))
		for i := range uint32(words) {
			counts[table.draw(i*words+words/2)]++
		}
		probabilities, parts := table.probabilities()
		for i, probability := range probabilities {
			if want := probability * words; math.Abs(counts[i]-want) > float64(parts[i]) {
				t.Fatalf("drew %d %v times, want %v", i, counts[i], want)
			}
		}
	})
}
