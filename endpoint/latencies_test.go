package endpoint

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// The estimate is within a sixteenth of the percentile of all, a second implementation, as long as all come from one source.
func TestPercentile(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		latency := rapid.Int64Range(1, int64(time.Minute))
		all := rapid.SliceOfN(latency, leastSeen, window-1).Draw(t, "latencies")
		all = all[:max(len(all)/lookEvery*lookEvery, leastSeen)] // the estimate is as of the last look
		var l latencies
		for _, latency := range all {
			l.observe(time.Duration(latency))
		}
		slices.Sort(all)
		want := time.Duration(max(all[len(all)-len(all)/20-1], 1<<fine))
		if got := l.p95(); got < want || got > want+want/16+1 {
			t.Fatalf("the percentile of %d is %v, want %v", len(all), got, want)
		}
	})
}

func TestPercentileOfFew(t *testing.T) {
	var l latencies
	for i := range leastSeen {
		if l.p95() != 0 {
			t.Fatalf("after %d there is a percentile", i)
		}
		l.observe(time.Millisecond)
	}
	if l.p95() == 0 {
		t.Errorf("after %d there is no percentile", leastSeen)
	}
}

func TestBuckets(t *testing.T) {
	last := -1
	for latency := time.Duration(1); latency > 0; latency += latency/33 + 1 {
		bucket := bucketOf(latency)
		if bucket < last || bucket > last+1 || bucket >= len(new(latencies).counts) {
			t.Fatalf("%v is in bucket %d, after %d", latency, bucket, last)
		}
		if last = bucket; bucket < len(new(latencies).counts)-1 && latency >= endOf(bucket) {
			t.Fatalf("%v is in bucket %d, which ends at %v", latency, bucket, endOf(bucket))
		}
	}
	if last != len(new(latencies).counts)-1 {
		t.Errorf("the last bucket that is used is %d", last)
	}
}

// The percentile of exponential latencies is 3.0 times their mean. When they change it follows within two windows.
func TestPercentileFollows(t *testing.T) {
	var l latencies
	for _, mean := range []time.Duration{10 * time.Millisecond, 100 * time.Millisecond, time.Millisecond} {
		source := rand.New(rand.NewPCG(1, uint64(mean)))
		for range 10 * window {
			l.observe(time.Duration(source.ExpFloat64() * float64(mean)))
		}
		if got := l.p95(); got < 5*mean/2 || got > 7*mean/2 {
			t.Errorf("with a mean of %v the percentile is %v", mean, got)
		}
	}
}

func TestPercentileUnderLoad(t *testing.T) {
	var l latencies
	var work sync.WaitGroup
	for range 4 {
		work.Go(func() {
			for i := range 20 * window {
				l.observe(time.Duration(i%100) * time.Millisecond)
				l.p95()
			}
		})
	}
	work.Wait()
	if got := l.p95(); got < 90*time.Millisecond || got > 100*time.Millisecond {
		t.Errorf("the percentile of 0 to 99 ms is %v", got)
	}
}
