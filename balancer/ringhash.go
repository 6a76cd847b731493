package balancer

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
	"strconv"
)

const (
	ringShare   = 160     // points of an item, as in ketama
	largestRing = 1 << 21 // points
)

// RingHash sends calls with one key to one item, as [Maglev] does, by another rule. Each item stands at 160 points of
// a ring. A key goes to the item at the least distance, where the distance from the key to the next point of an item
// is divided by the item's weight. When an item comes or goes, or its weight changes, no key moves but to it or
// from it. Another attempt, a call whose owner is out of use, and the excess of a hot key go to the next owner of
// the key: the owner that the key has once the ones before it have left. Shares are right to 10 % or so, not to 1 %.
// A pick looks at more points the more the weights differ: at as many as the largest weight is of the mean.
//
// With more than 13,000 items each has fewer points, so that some keys move when that number changes.
//
// Sources: Karger et al., "Consistent Hashing and Random Trees", STOC 1997; libketama for the number of points;
// Schindelhauer, Schomaker, "Weighted Distributed Hash Tables", SPAA 2005, the linear method, for the weights.
func RingHash() Policy {
	return func(s *Set) Picker {
		r, limits := newRing(s.Candidates), newBounded(s)
		return func(call Call) int {
			perWeight := limits.room()
			fits := func(position int32) bool { return limits.has(perWeight, int(position)) }
			var past passed
			for range min(call.Attempt, len(past.positions)) {
				if owner := r.owner(call.Hash, past, fits); owner >= 0 {
					past.add(owner)
				}
			}
			if owner := r.owner(call.Hash, past, fits); owner >= 0 {
				return owner
			}
			return r.owner(call.Hash, passed{}, anyFits)
		}
	}
}

func anyFits(int32) bool { return true }

// longestWalk is how many points a pick goes past at most for an item that has room.
const longestWalk = 1 << 14

// ring finds the point after a hash in constant time: the points are spread evenly, so that a guide by the first bits of the
// hash leads next to it.
type ring struct {
	points []point
	guide  []int32
	shift  int
	shrink []float64 // of distances to an item, by position: 1/weight
	least  float64   // of shrink
}

type point struct {
	hash     uint64
	position int32
}

func newRing(candidates []*Candidate) *ring {
	share := ringShare
	for share > 1 && share*len(candidates) > largestRing {
		share /= 2
	}
	r := &ring{
		points: make([]point, 0, share*len(candidates)),
		shrink: make([]float64, len(candidates)),
		least:  math.Inf(1),
	}
	for i, c := range candidates {
		r.shrink[i] = 1 / float64(c.Weight())
		r.least = min(r.least, r.shrink[i])
		for n := range share {
			r.points = append(r.points, point{hash(c.key + "#" + strconv.Itoa(n)), int32(i)})
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

// owner returns the item at the least distance, divided by its weight, of those that fit and are not past; less than
// 0 if there is none near. Of two that are equally near the first in the order of the ring has precedence.
func (r *ring) owner(hash uint64, past passed, fits func(int32) bool) int {
	owner, nearest := -1, math.Inf(1)
	at := r.after(hash)
	for range min(len(r.points), longestWalk) {
		if at == len(r.points) {
			at = 0
		}
		p := &r.points[at]
		distance := float64(p.hash - hash) // goes round
		if distance*r.least >= nearest {
			break
		}
		if d := distance * r.shrink[p.position]; d < nearest && !slices.Contains(past.all(), p.position) &&
			fits(p.position) {
			owner, nearest = int(p.position), d
		}
		at++
	}
	return owner
}
