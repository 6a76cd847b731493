package balancer

import (
	"cmp"
	"math"
	"slices"
)

// Aperture gives the part of the items that one caller uses where all would be too many connections: size of them, or so,
// or all. The caller is the one of this rank, from 0, among so many callers that have the same items. Together they use
// all items evenly: an item at an edge of a part has as much less weight as it takes for that. With a rank that is
// out of range, or a size of 0 or less, the result is all items.
//
// Items stand on a ring in the order of a hash of their keys, as wide as their weights, and callers at even distances. A caller
// uses what comes from its place on, as wide as it takes to have size items of mean weight and for each point to have equally many
// callers. So few items of a part change when an item or a caller comes or goes.
//
// Source: Finagle's deterministic aperture, twitter/finagle, DeterministicAperture.scala, without its random seed.
func Aperture[T any](items []Item[T], size, rank, callers int) []Item[T] {
	if size <= 0 || rank < 0 || rank >= callers {
		return items
	}
	each := (size*callers + len(items) - 1) / max(len(items), 1) // callers of each point
	if each >= callers {
		return items
	}
	ring, whole := ringOf(items)
	// In these units an item is as wide as its weight times the callers, and the callers are whole apart.
	from, width := int64(rank)*whole, int64(each)*whole
	return joined(cut(ring, int64(callers), from, from+width))
}

// ringOf sorts, and gives the weight of all.
func ringOf[T any](items []Item[T]) (ring []Item[T], whole int64) {
	ring = slices.Clone(items)
	slices.SortFunc(ring, func(a, b Item[T]) int {
		return cmp.Or(cmp.Compare(hash(a.Key), hash(b.Key)), cmp.Compare(a.Key, b.Key))
	})
	for _, item := range ring {
		whole += boundedWeight(item.Weight)
	}
	return ring, whole
}

// cut gives what stands from one point to another, which may lie beyond one time round.
func cut[T any](ring []Item[T], perWeight, from, to int64) (part []Item[T]) {
	for at, i := int64(0), 0; at < to; i++ {
		item := ring[i%len(ring)]
		width := boundedWeight(item.Weight) * perWeight
		if within := min(at+width, to) - max(at, from); within > 0 {
			item.Weight = portion(item.Weight, within, width)
			part = append(part, item)
		}
		at += width
	}
	return part
}

// portion is at least 1, as 0 would mean DefaultWeight.
func portion(weight int, within, width int64) int {
	return max(int(math.Round(float64(boundedWeight(weight))*float64(within)/float64(width))), 1)
}

// joined makes one of the first and the last item if they are the same, at both edges of a part that goes nearly all round.
func joined[T any](part []Item[T]) []Item[T] {
	if last := len(part) - 1; last > 0 && part[0].Key == part[last].Key {
		part[0].Weight += part[last].Weight
		return part[:last]
	}
	return part
}
