package balancer

import (
	"math/rand/v2"
	"testing"
)

func TestLeastRequestFollowsWeights(t *testing.T) {
	for name, weights := range map[string][]int{
		"equal":          {1, 1, 1, 1, 1},
		"1:2:4":          {1, 2, 4},
		"4:2:1":          {400, 200, 100},
		"one light":      {10, 10, 10, 1, 10, 10},
		"one of a heavy": {1, 1, 100},
	} {
		t.Run(name, func(t *testing.T) {
			counts := count(t, newBalancer(LeastRequest(), numbered(weights...)), 100_000)
			if got := chiSquare(counts, weights); got > farOff {
				t.Errorf("picked %v times: chi-square %.0f, want at most %d", counts, got, farOff)
			}
		})
	}
}

func TestLeastRequestFollowsWeightsUnderLoad(t *testing.T) {
	const calls, concurrent = 100_000, 20
	b := newBalancer(LeastRequest(), numbered(1, 100))
	var tokens [concurrent]Token
	light := 0
	for range calls {
		ends := rand.IntN(concurrent)
		b.Done(tokens[ends], Success)
		value, token := mustPick(t, b)
		tokens[ends] = token
		if value == 0 {
			light++
		}
	}
	if light < calls/500 || light > calls/50 {
		t.Errorf("%d of %d calls went to the item with 1/101 of the weight", light, calls)
	}
}

func TestLeastRequestAvoidsTheLoadedOfTwo(t *testing.T) {
	for name, weights := range map[string][]int{"equal": {1, 1}, "unequal": {3, 2}, "the light one": {1, MaxWeight}} {
		b := newBalancer(LeastRequest(), numbered(weights...))
		hold(t, b, 0)
		hold(t, b, 0)
		if counts := count(t, b, 10_000); counts[0] != 0 {
			t.Errorf("%s: the loaded one was picked %d times, want 0", name, counts[0])
		}
	}
}

func TestLeastRequestSpreadsWhatTheLoadedOneWouldGet(t *testing.T) {
	b := newBalancer(LeastRequest(), numbered(1, 1, 1, 1))
	hold(t, b, 0)
	counts := count(t, b, 100_000)
	if got := chiSquare(counts[1:], []int{1, 1, 1}); counts[0] != 0 || got > farOff {
		t.Errorf("picked %v times: want none of the first, chi-square %.0f of the rest at most %d", counts, got, farOff)
	}
}

func TestLessLoaded(t *testing.T) {
	type load struct{ inFlight, weight int64 }
	for name, tt := range map[string]struct {
		first, second load
		want          bool // that the second is picked
	}{
		"both idle":                  {load{0, 1}, load{0, 1}, false},
		"both idle, second heavier":  {load{0, 1}, load{0, MaxWeight}, false},
		"tie":                        {load{3, 1}, load{3, 1}, false},
		"first has one more":         {load{1, 1}, load{0, 1}, true},
		"second has one more":        {load{0, 1}, load{1, 1}, false},
		"second not fuller then":     {load{1, 1}, load{3, 4}, true},
		"second fuller then":         {load{1, 1}, load{4, 4}, false},
		"heavy first, still lighter": {load{3, 4}, load{0, 1}, false},
		"heavy first, as full":       {load{4, 4}, load{0, 1}, true},
		"many calls":                 {load{1 << 40, MaxWeight}, load{1 << 42, MaxWeight}, false},
	} {
		candidates := []*Candidate{new(Candidate), new(Candidate)}
		for i, load := range []load{tt.first, tt.second} {
			candidates[i].inFlight.Store(load.inFlight)
			candidates[i].weight.Store(load.weight)
		}
		if got := lessLoaded(candidates[1], candidates[0]); got != tt.want {
			t.Errorf("%s: lessLoaded = %t, want %t", name, got, tt.want)
		}
	}
}
