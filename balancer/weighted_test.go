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

// After any number of picks each has had its share to within a few, where lots would be off by the square root of them.
func TestWeightedRoundRobinIsEven(t *testing.T) {
	for _, weights := range [][]int{{1, 2, 4}, {5, 1, 1, 3, 100, 7, 9}, {MaxWeight, 1, 500_000}} {
		b, whole := newBalancer(WeightedRoundRobin(), numbered(weights...)), 0.0
		for _, weight := range weights {
			whole += float64(weight)
		}
		counts := make([]float64, len(weights))
		for picks := 1.0; picks <= 50_000; picks++ {
			value, token := mustPick(t, b)
			b.Done(token, Success)
			counts[value]++
			for i, weight := range weights {
				if off := math.Abs(counts[i] - picks*float64(weight)/whole); off > 8 {
					t.Fatalf("weights %v: item %d had %.0f of %.0f picks, %.1f off its share", weights, i, counts[i], picks, off)
				}
			}
		}
	}
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
