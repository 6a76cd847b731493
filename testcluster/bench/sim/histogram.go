package sim

import (
	"math"
	"math/bits"
	"time"
)

// Histogram counts durations to within 1 %, from a microsecond on. The zero value is empty.
//
// As in HdrHistogram, each power of two is divided into equally wide parts.
type Histogram struct {
	counts []uint32
	total  int
	sum    time.Duration
}

const (
	parts     = 64 // of a power of two: a power of two itself
	partsBits = 6
)

// Add counts d.
func (h *Histogram) Add(d time.Duration) {
	i := bucket(d)
	if i >= len(h.counts) {
		h.counts = append(h.counts, make([]uint32, i+1-len(h.counts))...)
	}
	h.counts[i]++
	h.total++
	h.sum += d
}

// Count is how many were added, Mean their mean, which is exact.
func (h *Histogram) Count() int { return h.total }

func (h *Histogram) Mean() time.Duration { return h.sum / time.Duration(max(h.total, 1)) }

// Percentile is the duration that p percent do not exceed, or 0 if there is none. Durations are taken to be spread evenly
// over their bucket, so that it errs to neither side.
func (h *Histogram) Percentile(p float64) time.Duration {
	rank := max(math.Ceil(p/100*float64(h.total)), 1)
	seen := 0.0
	for i, count := range h.counts {
		if n := float64(count); seen+n >= rank {
			from, to := float64(start(i)), float64(start(i+1))
			return time.Duration((from + (to-from)*(rank-seen-0.5)/n) * float64(time.Microsecond))
		} else {
			seen += n
		}
	}
	return 0
}

// bucket gives durations below parts µs one each for every microsecond.
func bucket(d time.Duration) int {
	us := uint64(max(d, 0) / time.Microsecond)
	shift := max(bits.Len64(us)-1-partsBits, 0)
	return shift<<partsBits + int(us>>shift)
}

// start is the least number of microseconds in a bucket.
func start(i int) uint64 {
	shift := max(i>>partsBits-1, 0)
	return uint64(i-shift<<partsBits) << shift
}
