package balancer

import (
	"errors"
	"maps"
	"math"
	"slices"
	"testing"
)

var policies = map[string]func() Policy{
	"RoundRobin":         RoundRobin,
	"WeightedRoundRobin": WeightedRoundRobin,
	"Random":             Random,
	"WeightedRandom":     WeightedRandom,
	"LeastRequest":       LeastRequest,
	"PeakEWMA":           PeakEWMA,
	"Maglev":             Maglev,
	"RingHash":           RingHash,
	"in zones":           func() Policy { return newZonal("here", LeastRequest()).build },
}

func TestEmpty(t *testing.T) {
	emptied := newBalancer(Random(), equalItems("a"))
	emptied.Update(nil)
	for name, b := range map[string]*Balancer[string]{"new": New[string](Random()), "emptied": emptied} {
		if _, token, err := b.Pick(); !errors.Is(err, ErrNoInstances) || token != (Token{}) {
			t.Errorf("%s: Pick = %v, %v, want no Token and ErrNoInstances", name, token, err)
		}
		_, token, err := b.PickFor(Choice[string]{Tried: func(string) bool { return false }})
		if !errors.Is(err, ErrNoInstances) || token != (Token{}) {
			t.Errorf("%s: PickFor = %v, %v, want no Token and ErrNoInstances", name, token, err)
		}
		if b.Len() != 0 {
			t.Errorf("%s: Len = %d, want 0", name, b.Len())
		}
	}
}

func TestOne(t *testing.T) {
	for name, policy := range policies {
		b := newBalancer(policy(), equalItems("a"))
		for range 10 {
			if value, _ := mustPick(t, b); value != "a" {
				t.Errorf("%s: Pick = %q, want a", name, value)
			}
		}
	}
}

func TestUpdateKeepsTheFirstOfAKey(t *testing.T) {
	b := newBalancer(RoundRobin(), []Item[string]{{Key: "a", Value: "first"}, {Key: "b"}, {Key: "a", Value: "second"}})
	if b.Len() != 2 {
		t.Errorf("Len = %d, want 2", b.Len())
	}
	one, _ := mustPick(t, b)
	other, _ := mustPick(t, b)
	if one+other != "first" {
		t.Errorf("picked %q and %q, want the first item of key a once", one, other)
	}
}

func TestUpdateDoesNotKeepTheSlice(t *testing.T) {
	items := equalItems("a")
	b := newBalancer(RoundRobin(), items)
	items[0].Value = "changed"
	if value, _ := mustPick(t, b); value != "a" {
		t.Errorf("Pick = %q, want a", value)
	}
}

func TestWeights(t *testing.T) {
	for given, want := range map[int]int{
		0:             DefaultWeight,
		-1:            DefaultWeight,
		math.MinInt:   DefaultWeight,
		1:             1,
		MaxWeight:     MaxWeight,
		MaxWeight + 1: MaxWeight,
		math.MaxInt:   MaxWeight,
	} {
		b := newBalancer(LeastRequest(), numbered(given, 7))
		if got := b.known.present["a"].Weight(); got != want {
			t.Errorf("weight %d counts as %d, want %d", given, got, want)
		}
		mustPick(t, b)
	}
}

func inFlight[T any](b *Balancer[T]) map[string]int64 {
	counts := make(map[string]int64)
	for key, candidate := range b.known.present {
		counts[key] = candidate.InFlight()
	}
	return counts
}

func TestInFlight(t *testing.T) {
	b := newBalancer(LeastRequest(), equalItems("a", "b"))
	expect := func(want map[string]int64) {
		t.Helper()
		if got := inFlight(b); !maps.Equal(got, want) {
			t.Errorf("in flight %v, want %v", got, want)
		}
	}
	a, again := hold(t, b, "a"), hold(t, b, "a")
	expect(map[string]int64{"a": 2, "b": 0})
	b.Done(Token{}, Success)
	expect(map[string]int64{"a": 2, "b": 0})

	b.Update([]Item[string]{{Key: "c"}, {Key: "a", Weight: 5}})
	expect(map[string]int64{"c": 0, "a": 2}) // a stays
	if got := b.known.present["a"].Weight(); got != 5 {
		t.Errorf("weight %d after Update, want 5", got)
	}
	b.Done(a, Success)
	expect(map[string]int64{"c": 0, "a": 1})

	b.Update(equalItems("c"))
	b.Update(equalItems("a", "c"))
	b.Done(again, Success)
	expect(map[string]int64{"a": 0, "c": 0}) // a left, and came back as another
}

func TestPickCountsTheCall(t *testing.T) {
	for name, policy := range policies {
		b := newBalancer(policy(), equalItems("a", "b", "c"))
		value, token := mustPick(t, b)
		if got := b.known.present[value].InFlight(); got != 1 {
			t.Errorf("%s: %d in flight after Pick, want 1", name, got)
		}
		b.Done(token, Success)
		if got := b.known.present[value].InFlight(); got != 0 {
			t.Errorf("%s: %d in flight after Done, want 0", name, got)
		}
	}
}

func TestPolicySeesItemsInOrder(t *testing.T) {
	var weights []int
	New[int](func(s *Set) Picker {
		for _, candidate := range s.Candidates {
			weights = append(weights, candidate.Weight())
		}
		return func(Call) int { return 0 }
	}).Update(numbered(3, 1, 2))
	if want := []int{3, 1, 2}; !slices.Equal(weights, want) {
		t.Errorf("candidates weigh %v, want %v", weights, want)
	}
}

func TestPickDoesNotAllocate(t *testing.T) {
	for name, policy := range policies {
		for _, items := range [][]Item[int]{numbered(1), numbered(1, 1, 1), numbered(1, 2, MaxWeight)} {
			b := newBalancer(policy(), items)
			allocations := testing.AllocsPerRun(1000, func() {
				_, token, _ := b.Pick()
				b.Done(token, Success)
			})
			if allocations != 0 {
				t.Errorf("%s of %d: %v allocations, want 0", name, len(items), allocations)
			}
		}
	}
}
