package balancer

import (
	"cmp"
	"math/bits"
	"slices"
	"strconv"
)

const (
	ringShare    = 160     // points of an item of mean weight, as in ketama
	largestRing  = 1 << 21 // points
	smallestRing = 1 << 10
)

// RingHash is as [Maglev], by another rule: an item stands at many points of a ring, in proportion to its weight, and a key goes to the next point. When an item
// comes or goes, no key moves but to it or from it; shares are right to 10 % or so, not to 1 %.
//
// Sources: Karger et al., "Consistent Hashing and Random Trees", STOC 1997; libketama for the number of points.
func RingHash() Policy {
	return func(s *Set) Picker {
		r, limits := newRing(s.Candidates), newBounded(s)
		return func(call Call) int {
			first := r.after(call.Hash) + call.Attempt
			return limits.choose(func(i int) int { return int(r.points[(first+i)%len(r.points)].position) })
		}
	}
}

// ring finds the point after a hash in constant time: the points are spread evenly, so that a guide by the first bits of the
// hash leads next to it.
type ring struct {
	points []point
	guide  []int32
	shift  int
}

type point struct {
	hash     uint64
	position int32
}

func newRing(candidates []*Candidate) *ring {
	size := min(max(ringShare*len(candidates), smallestRing), largestRing)
	r := &ring{points: make([]point, 0, size+len(candidates))}
	for i, share := range shares(candidates, size) {
		for n := range max(share, 1) {
			r.points = append(r.points, point{hash(candidates[i].key + "#" + strconv.Itoa(n)), int32(i)})
		}
	}
	slices.SortFunc(r.points, func(a, b point) int {
		return cmp.Or(cmp.Compare(a.hash, b.hash), compareKeys(candidates[a.position], candidates[b.position]))
	})
	r.shift = 64 - bits.Len(uint(len(r.points)))
	r.guide = make([]int32, 1<<(64-r.shift))
	at := 0
	for i := range r.guide {
		for at < len(r.points) && r.points[at].hash < uint64(i)<<r.shift {
			at++
		}
		r.guide[i] = int32(at)
	}
	return r
}

// after is the index of the first point from hash on, len(points) if there is none.
func (r *ring) after(hash uint64) int {
	at := int(r.guide[hash>>r.shift])
	for at < len(r.points) && r.points[at].hash < hash {
		at++
	}
	return at
}
