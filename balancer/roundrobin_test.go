package balancer

import (
	"slices"
	"testing"
)

func TestRoundRobin(t *testing.T) {
	firsts := make(map[string]int)
	for range 100 {
		b := newBalancer(RoundRobin(), equalItems("a", "b", "c"))
		first, _ := mustPick(t, b)
		firsts[first]++
		got := []string{first}
		for range 6 {
			value, _ := mustPick(t, b)
			got = append(got, value)
		}
		next := map[string]string{"a": "b", "b": "c", "c": "a"}
		for i, value := range got[1:] {
			if value != next[got[i]] {
				t.Fatalf("picked %q, want them in turn", got)
			}
		}
	}
	if len(firsts) != 3 {
		t.Errorf("100 begin with %v, want that chance decides", firsts)
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
