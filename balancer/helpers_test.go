package balancer

import "testing"

// equalItems has the keys as values too.
func equalItems(keys ...string) []Item[string] {
	items := make([]Item[string], len(keys))
	for i, key := range keys {
		items[i] = Item[string]{Key: key, Value: key}
	}
	return items
}

// numbered has the positions as values.
func numbered(weights ...int) []Item[int] {
	items := make([]Item[int], len(weights))
	for i, weight := range weights {
		items[i] = Item[int]{Key: string(rune('a' + i)), Weight: weight, Value: i}
	}
	return items
}

func newBalancer[T any](policy Policy, items []Item[T]) *Balancer[T] {
	b := New[T](policy)
	b.Update(items)
	return b
}

func mustPick[T any](t *testing.T, b *Balancer[T]) (T, Token) {
	t.Helper()
	value, token, err := b.Pick()
	if err != nil {
		t.Fatalf("Pick: %v", err)
	}
	return value, token
}

// count makes calls one after the other and counts them by value.
func count(t *testing.T, b *Balancer[int], calls int) []int {
	t.Helper()
	counts := make([]int, b.Len())
	for range calls {
		value, token := mustPick(t, b)
		counts[value]++
		b.Done(token, Success)
	}
	return counts
}

// hold starts a call to the item with this value.
func hold[T comparable](t *testing.T, b *Balancer[T], value T) Token {
	t.Helper()
	got, token, err := b.PickFor(Choice[T]{Tried: func(v T) bool { return v != value }})
	if err != nil || got != value {
		t.Fatalf("PickFor = %v, %v, want %v", got, err, value)
	}
	return token
}

// farOff bounds chi-square where the tests use it, with at most 9 degrees of freedom: chance exceeds it less than
// once in 10^10 runs.
const farOff = 70

func chiSquare(counts, weights []int) float64 {
	var calls, whole, sum float64
	for i := range counts {
		calls, whole = calls+float64(counts[i]), whole+float64(weights[i])
	}
	for i := range counts {
		want := calls * float64(weights[i]) / whole
		sum += (float64(counts[i]) - want) * (float64(counts[i]) - want) / want
	}
	return sum
}
