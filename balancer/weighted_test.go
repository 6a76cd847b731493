package balancer

import (
	"math"
	"testing"
	"testing/synctest"
	"time"
)

func TestWeightedFollowWeights(t *testing.T) {
	for name, policy := range map[string]func() Policy{"WeightedRandom": WeightedRandom, "WeightedRoundRobin": WeightedRoundRobin} {
		for _, weights := range [][]int{{1, 1, 1}, {1, 2, 4}, {400, 200, 100}, {10, 10, 10, 1, 10, 10}, {1, 1, 100}} {
			counts := count(t, newBalancer(policy(), numbered(weights...)), 100_000)
			if got := chiSquare(counts, weights); got > farOff {
				t.Errorf("%s: weights %v were picked %v times: chi-square %.0f, want at most %d", name, weights, counts, got, farOff)
			}
		}
	}
}

// An item's picks differ from its share by 2 at most for each arc of the alias table that leads to it, and for each
// Fibonacci number that the number of picks is a sum of: a Fibonacci number q of successive multiples of the golden
// ratio has one in each of q arcs of equal length, so that the number in any arc is off by less than 2. The bound
// grows with the logarithm of the picks, where lots would be off by their square root.
func TestWeightedRoundRobinIsEven(t *testing.T) {
	for _, weights := range [][]int{{1, 2, 4}, {5, 1, 1, 3, 100, 7, 9}, {MaxWeight, 1, 500_000}} {
		b, whole := newBalancer(WeightedRoundRobin(), numbered(weights...)), 0.0
		for _, weight := range weights {
			whole += float64(weight)
		}
		counts, arcs := make([]float64, len(weights)), arcsOf(weights)
		for picks := 1; picks <= 50_000; picks++ {
			value, token := mustPick(t, b)
			b.Done(token, Success)
			counts[value]++
			terms := fibonacciTerms(picks)
			for i, weight := range weights {
				off := math.Abs(counts[i] - float64(picks)*float64(weight)/whole)
				if bound := float64(2 * arcs[i] * terms); off > bound {
					t.Fatalf("weights %v: item %d had %.0f of %d picks, %.1f off its share, want at most %.0f",
						weights, i, counts[i], picks, off, bound)
				}
			}
		}
	}
}

// arcsOf counts the parts of columns that lead to each item.
func arcsOf(weights []int) []int {
	words := make([]uint64, len(weights))
	for i, weight := range weights {
		words[i] = uint64(weight)
	}
	arcs := make([]int, len(weights))
	for i, column := range newAliasTable(words) {
		arcs[i]++
		if int(column.alias) != i {
			arcs[column.alias]++
		}
	}
	return arcs
}

// fibonacciTerms counts the largest Fibonacci numbers that add up to n.
func fibonacciTerms(n int) (terms int) {
	for ; n > 0; terms++ {
		a, b := 1, 1
		for b <= n {
			a, b = b, a+b
		}
		n -= a
	}
	return terms
}

// serve makes calls one after the other, each as long as its item takes.
func serve(t *testing.T, b *Balancer[int], calls int, takes ...time.Duration) (counts []int) {
	t.Helper()
	counts = make([]int, len(takes))
	for range calls {
		value, token := mustPick(t, b)
		counts[value]++
		time.Sleep(takes[value])
		b.Done(token, Success)
	}
	return counts
}

func TestPeakEWMAAvoidsTheSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBalancer(PeakEWMA(), numbered(1, 1, 1))
		counts := serve(t, b, 1000, 10*ms, 100*ms, 10*ms)
		if counts[1] > 20 {
			t.Errorf("picked %v times, want hardly ever the second, which is ten times slower", counts)
		}
		if got := b.known.present["a"].Latency(); got != 10*ms {
			t.Errorf("the latency of the first is %v, want 10 ms", got)
		}
		counts = serve(t, b, 10_000, 100*ms, 10*ms, 10*ms) // they change places
		if counts[1] < 3000 {
			t.Errorf("picked %v times, want the second again, once its old latency was forgotten", counts)
		}
	})
}

// An item that stalls, and whose calls are given up, does not look as fast as before; one whose calls are given up early does.
func TestPeakEWMASeesWhatWasGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for gaveUp, avoided := range map[time.Duration]bool{time.Second: true, ms: false} {
			b := newBalancer(PeakEWMA(), numbered(1, 1))
			serve(t, b, 100, 10*ms, 10*ms)
			token := hold(t, b, 0)
			time.Sleep(gaveUp)
			b.Done(token, Canceled)
			if got := b.known.present["a"].Latency(); (got > 10*ms) != avoided || got < 10*ms {
				t.Errorf("after a call was given up after %v the latency is %v", gaveUp, got)
			}
			if counts := serve(t, b, 10, 10*ms, 10*ms); (counts[0] == 0) != avoided {
				t.Errorf("picked %v times after a call of the first was given up after %v", counts, gaveUp)
			}
			if b.known.present["a"].Errors() != 0 {
				t.Error("it counts as a failure")
			}
		}
		fresh := newBalancer(PeakEWMA(), numbered(1))
		token := hold(t, fresh, 0)
		time.Sleep(ms)
		fresh.Done(token, Canceled)
		if got := fresh.known.present["a"].Latency(); got != 0 {
			t.Errorf("the latency of one that never answered is %v", got)
		}
	})
}

func TestPeakEWMASeesPeaksAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBalancer(PeakEWMA(), numbered(1, 1))
		serve(t, b, 100, 10*ms, 10*ms)
		token := hold(t, b, 0)
		time.Sleep(time.Second)
		b.Done(token, Success)
		if counts := serve(t, b, 10, 10*ms, 10*ms); counts[0] != 0 {
			t.Errorf("picked %v times after the first took a second once, want never the first", counts)
		}
	})
}
