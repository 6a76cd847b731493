package sim

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestBucketsFollowOneAnother(t *testing.T) {
	for i := range 30 * parts {
		first, next := time.Duration(start(i))*time.Microsecond, time.Duration(start(i+1))*time.Microsecond
		if bucket(first) != i || bucket(next-1) != i || bucket(next) != i+1 {
			t.Fatalf("bucket %d from %v to %v: its first is in %d, its last in %d, the next in %d", i, first, next, bucket(first), bucket(next-1), bucket(next))
		}
		if width := next - first; first > parts*time.Microsecond && float64(width)/float64(first) > 1.0/parts {
			t.Errorf("bucket %d from %v is %v wide", i, first, width)
		}
	}
}

func TestPercentileIsWithinABucket(t *testing.T) {
	chance := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		var h Histogram
		samples := make([]time.Duration, 1+chance.IntN(200))
		for i := range samples {
			samples[i] = time.Duration(math.Exp2(42 * chance.Float64())) // up to more than an hour
			h.Add(samples[i])
		}
		slices.Sort(samples)
		p := 100 * chance.Float64()
		exact := samples[int(math.Ceil(p/100*float64(len(samples))))-1]
		if got := h.Percentile(p); bucket(got) != bucket(exact) {
			t.Fatalf("percentile %v of %v is %v, want %v", p, samples, got, exact)
		}
	}
}

// TestPercentileErrsToNeitherSide holds the mean of many errors against what chance would give.
func TestPercentileErrsToNeitherSide(t *testing.T) {
	chance := rand.New(rand.NewPCG(1, 2))
	const rounds, size = 400, 2000
	for _, p := range []float64{50, 99, 99.9} {
		bias := 0.0
		for range rounds {
			var h Histogram
			samples := make([]time.Duration, size)
			for i := range samples {
				samples[i] = time.Duration(chance.ExpFloat64() * float64(10*time.Millisecond))
				h.Add(samples[i])
			}
			slices.Sort(samples)
			exact := samples[int(math.Ceil(p/100*size))-1]
			bias += float64(h.Percentile(p)-exact) / float64(exact) / rounds
		}
		if math.Abs(bias) > 0.001 {
			t.Errorf("percentile %v is off by %.2f %% in the mean", p, 100*bias)
		}
	}
}

func TestEmptyHistogram(t *testing.T) {
	var h Histogram
	if h.Percentile(99) != 0 || h.Mean() != 0 || h.Count() != 0 {
		t.Errorf("%v, %v, %v", h.Percentile(99), h.Mean(), h.Count())
	}
}
