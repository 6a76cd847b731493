package balancer

import (
	"slices"
	"testing"
)

func TestRoundRobin(t *testing.T) {
	b := newBalancer(RoundRobin(), equalItems("a", "b", "c"))
	var got []string
	for range 7 {
		value, _ := mustPick(t, b)
		got = append(got, value)
	}
	if want := []string{"a", "b", "c", "a", "b", "c", "a"}; !slices.Equal(got, want) {
		t.Errorf("picked %q, want %q", got, want)
	}
}

func TestRoundRobinIgnoresWeights(t *testing.T) {
	got := count(t, newBalancer(RoundRobin(), numbered(1, 1000, 50)), 300)
	if want := []int{100, 100, 100}; !slices.Equal(got, want) {
		t.Errorf("picked %v times, want %v", got, want)
	}
}

func TestRoundRobinGoesOnAfterUpdate(t *testing.T) {
	b, counts := New[int](RoundRobin()), make([]int, 3)
	for range 300 {
		b.Update(numbered(1, 1, 1))
		value, _ := mustPick(t, b)
		counts[value]++
	}
	if want := []int{100, 100, 100}; !slices.Equal(counts, want) {
		t.Errorf("picked %v times, want %v", counts, want)
	}
}
