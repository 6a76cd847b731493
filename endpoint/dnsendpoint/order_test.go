package dnsendpoint

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestOrderIsByWeightWithoutReplacement compares what is drawn first and second with the shares of
// the weights: the second among those that are left.
func TestOrderIsByWeightWithoutReplacement(t *testing.T) {
	checkShares(t, []target{{weight: 1}, {weight: 2}, {weight: 5}})
	checkShares(t, []target{{weight: 3}, {weight: 3}, {weight: 3}})
}

func checkShares(t *testing.T, targets []target) {
	t.Helper()
	total := float64(targets[0].weight + targets[1].weight + targets[2].weight)
	var first, second [3]float64
	o := order{random: rand.New(rand.NewPCG(7, 7))}
	const rounds = 100_000
	for range rounds {
		o.reset()
		for i := range targets {
			o.add(&targets[i])
		}
		o.ready()
		drawn := []*target{o.next(), o.next(), o.next()}
		if drawn[0] == drawn[1] || drawn[1] == drawn[2] || drawn[0] == drawn[2] || o.next() != nil {
			t.Fatalf("drew %v", drawn)
		}
		for i := range targets {
			if drawn[0] == &targets[i] {
				first[i] += 1.0 / rounds
			}
			if drawn[1] == &targets[i] {
				second[i] += 1.0 / rounds
			}
		}
	}
	for i := range targets {
		share := float64(targets[i].weight) / total
		var follows float64
		for j := range targets {
			if other := float64(targets[j].weight); j != i {
				follows += other / total * float64(targets[i].weight) / (total - other)
			}
		}
		const tolerance = 0.006 // four standard deviations
		if math.Abs(first[i]-share) > tolerance || math.Abs(second[i]-follows) > tolerance {
			t.Errorf("weight %d is first in %.3f and second in %.3f, want %.3f and %.3f", targets[i].weight, first[i], second[i], share, follows)
		}
	}
}

// TestScaledWeights holds what HAProxy needs: see heaviest.
func TestScaledWeights(t *testing.T) {
	for _, tt := range []struct{ weight, heavy, want int }{
		{200, 200, 65280}, {100, 200, 32640}, {150, 200, 48960}, {1, 1, 65280}, {1, 1_000_000, 1}, {999_999, 1_000_000, 65280},
	} {
		if got := scaled(tt.weight, tt.heavy); int(got) != tt.want {
			t.Errorf("scaled(%d, %d) = %d, want %d", tt.weight, tt.heavy, got, tt.want)
		}
	}
}

// On 32 bit, too: run it with GOARCH=386.
func TestWeightOfTheHeaviestInstanceStaysOnScale(t *testing.T) {
	const most = 1_000_000 // the largest weight that a registration may have
	for weight, want := range map[int]uint16{most: heaviest, most / 2: heaviest / 2, 1: 1} {
		if got := scaled(weight, most); got != want {
			t.Errorf("scaled(%d, %d) = %d, want %d", weight, most, got, want)
		}
	}
}
