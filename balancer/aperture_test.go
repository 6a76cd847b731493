package balancer

import (
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"
)

// Whatever the numbers, all callers together use the items as their weights say.
func TestAperturesTogetherUseAllEvenly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		weights := rapid.SliceOfN(rapid.SampledFrom([]int{0, 1000, 10_000, 50_000}), 1, 60).Draw(t, "weights")
		callers := rapid.IntRange(1, 60).Draw(t, "callers")
		size := rapid.IntRange(1, 60).Draw(t, "size")
		items := numbered(weights...)
		used := make(map[string]float64)
		for rank := range callers {
			part, whole := Aperture(items, size, rank, callers), 0.0
			for _, item := range part {
				whole += float64(boundedWeight(item.Weight))
			}
			if len(keysOf(part)) != len(part) {
				t.Fatalf("%d callers with %d of %d: caller %d has an item twice", callers, size, len(items), rank)
			}
			for _, item := range part {
				used[item.Key] += float64(boundedWeight(item.Weight)) / whole
			}
		}
		whole := 0.0
		for _, item := range items {
			whole += float64(boundedWeight(item.Weight))
		}
		for _, item := range items {
			share := float64(boundedWeight(item.Weight)) / whole
			if got, want := used[item.Key], share*float64(callers); math.Abs(got/want-1) > 0.1 {
				t.Fatalf("%d callers with %d of %d: weight %d is used %.2f times, want %.2f", callers, size, len(items), item.Weight, got, want)
			}
		}
	})
}

func keysOf[T any](items []Item[T]) map[string]bool {
	keys := make(map[string]bool)
	for _, item := range items {
		keys[item.Key] = true
	}
	return keys
}

func TestApertureSize(t *testing.T) {
	for _, tt := range []struct{ n, size, callers, least, most int }{
		{16, 15, 31, 16, 16}, // nearly all round: both edges may lie in one item
		{100, 20, 100, 20, 21},
		{100, 20, 33, 20, 25},
		{10, 3, 4, 5, 6}, // a quarter of the ring is too little, half of it is five
		{10, 10, 100, 10, 10},
		{10, 20, 100, 10, 10},
		{10, 0, 100, 10, 10},
		{0, 5, 100, 0, 0},
		{10, 3, 1, 10, 10},
	} {
		for rank := range tt.callers {
			if got := len(Aperture(manyKeys(tt.n), tt.size, rank, tt.callers)); got < tt.least || got > tt.most {
				t.Errorf("%d of %d for caller %d of %d: %d items, want %d to %d", tt.size, tt.n, rank, tt.callers, got, tt.least, tt.most)
			}
		}
	}
	for _, rank := range []int{-1, 5, 6} {
		if got := len(Aperture(manyKeys(10), 2, rank, 5)); got != 10 {
			t.Errorf("caller %d of 5 has %d items, want all", rank, got)
		}
	}
}

// Names that begin alike often mean one rack, or one zone: a part must not be all of that.
func TestAperturesMixNames(t *testing.T) {
	var items []Item[string]
	for i := range 100 {
		items = append(items, Item[string]{Key: fmt.Sprintf("rack%d-%02d", i/50, i%50)})
	}
	for rank := range 100 {
		racks := make(map[byte]bool)
		for _, item := range Aperture(items, 20, rank, 100) {
			racks[item.Key[4]] = true
		}
		if len(racks) != 2 {
			t.Errorf("caller %d uses one rack of two", rank)
		}
	}
}

// One more item, one more caller: how much of a part changes, on average and at most.
func TestAperturesChangeLittle(t *testing.T) {
	const n, size, callers = 100, 20, 100
	changes := func(after func(rank int) []Item[string]) (mean float64, most int) {
		for rank := range callers {
			before, changed := keysOf(Aperture(manyKeys(n), size, rank, callers)), 0
			for key := range keysOf(after(rank)) {
				if !before[key] {
					changed++
				}
			}
			mean, most = mean+float64(changed)/callers, max(most, changed)
		}
		return mean, most
	}
	for name, after := range map[string]func(rank int) []Item[string]{
		"one item more":   func(rank int) []Item[string] { return Aperture(manyKeys(n+1), size, rank, callers) },
		"one item less":   func(rank int) []Item[string] { return Aperture(manyKeys(n-1), size, rank, callers) },
		"one caller more": func(rank int) []Item[string] { return Aperture(manyKeys(n), size, rank, callers+1) },
		"the next rank":   func(rank int) []Item[string] { return Aperture(manyKeys(n), size, (rank+1)%callers, callers) },
	} {
		if mean, most := changes(after); mean > 2 || most > 3 {
			t.Errorf("%s: %.2f items of %d are new on average and %d at most, want 2 and 3", name, mean, size, most)
		}
	}
}
