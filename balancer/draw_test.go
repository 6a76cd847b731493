package balancer

import (
	"testing"

	"pgregory.net/rapid"
)

func TestTwoUniformAreDifferent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, word := rapid.IntRange(2, 100_000).Draw(t, "n"), rapid.Uint64().Draw(t, "word")
		checkTwo(t, n, func() (int, int) { return twoUniform(word, n) })
	})
}

func TestTwoWeightedAreDifferent(t *testing.T) {
	weight := rapid.OneOf(rapid.Uint64Range(1, MaxWeight), rapid.SampledFrom([]uint64{1, MaxWeight}))
	rapid.Check(t, func(t *rapid.T) {
		table := newAliasTable(rapid.SliceOfN(weight, 2, 50).Draw(t, "weights"))
		word := rapid.Uint64().Draw(t, "word")
		checkTwo(t, len(table), func() (int, int) { return twoWeighted(word, table) })
	})
}

func checkTwo(t *rapid.T, n int, two func() (int, int)) {
	first, second := two()
	if min(first, second) < 0 || max(first, second) >= n || first == second {
		t.Fatalf("drew %d and %d of %d", first, second, n)
	}
}

func TestTwoWeightedNeedsOneWord(t *testing.T) {
	table := newAliasTable([]uint64{1, 2, 3, 4})
	rapid.Check(t, func(t *rapid.T) {
		high, low := rapid.Uint32().Draw(t, "high"), rapid.Uint32().Draw(t, "low")
		wantFirst, wantSecond := table.draw(high), table.draw(low)
		first, second := twoWeighted(uint64(high)<<32|uint64(low), table)
		if first != wantFirst || second != wantSecond && wantSecond != wantFirst {
			t.Fatalf("drew %d and %d, want %d and %d", first, second, wantFirst, wantSecond)
		}
	})
}

func TestTwoWeightedWhenOneDwarfsTheRest(t *testing.T) {
	table, counts := newAliasTable([]uint64{1, 1, MaxWeight, 1}), make([]int, 4)
	for range 10_000 {
		_, second := twoWeighted(0x8fff_ffff_8fff_ffff, table) // the heavy one twice
		counts[second]++
	}
	rest := []int{counts[0], counts[1], counts[3]}
	if got := chiSquare(rest, []int{1, 1, 1}); counts[2] != 0 || got > farOff {
		t.Errorf("drew %v as the second: chi-square %.0f, want the light ones alike", counts, got)
	}
}
