package balancer

import (
	"fmt"
	"math"
	"testing"
	"testing/synctest"
	"time"
)

// zoned are items of which the first ones are here.
func zoned(here, there int) []Item[int] {
	items := numbered(make([]int, here+there)...)
	for i := range items {
		items[i].Zone = "here"
		if i >= here {
			items[i].Zone = fmt.Sprint("there", i%2)
		}
	}
	return items
}

func newZoned(policy Policy, items []Item[int]) *Balancer[int] {
	b := New[int](policy, PreferZone("here"))
	b.Update(items)
	return b
}

// share says which part of the calls, of 1 ms, goes to the first n items lately. Before each call it is told so far.
func share(t *testing.T, b *Balancer[int], n int, before func(local float64)) (local float64) {
	t.Helper()
	local = 1
	for range 20_000 {
		before(local)
		value, token := mustPick(t, b)
		local *= 0.99
		if value < n {
			local += 0.01
		}
		time.Sleep(ms)
		b.Done(token, Success)
	}
	return local
}

func TestZoneIsPreferred(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newZoned(LeastRequest(), zoned(3, 6))
		if got := share(t, b, 3, func(float64) {}); got < 0.9 {
			t.Errorf("%.3f of the calls stayed in the zone, want nearly all", got)
		}
	})
}

// The zone's items have twice the load of the others until as much goes elsewhere as makes them equal.
func TestZoneSpillsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newZoned(Random(), zoned(4, 8))
		here := share(t, b, 4, func(local float64) {
			for i := range 12 {
				load := 10 + 10*local
				if i >= 4 {
					load = 10 + 5*(1-local) // the others' own callers bring 10
				}
				b.Report(string(rune('a'+i)), Load{InFlight: int64(load)})
			}
		})
		if math.Abs(here-0.4) > 0.12 { // 10+10x = 1.05(10+5(1-x))
			t.Errorf("%.2f of the calls stay, want 0.4, where both are as busy", here)
		}
	})
}

func TestZoneSpillsOverByLatencyWithoutReports(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newZoned(LeastRequest(), zoned(2, 4))
		local := 0
		for i := range 20_000 {
			value, token := mustPick(t, b)
			if value < 2 {
				time.Sleep(5 * ms)
			} else {
				time.Sleep(ms)
			}
			if i > 10_000 && value < 2 {
				local++
			}
			b.Done(token, Success)
		}
		if local > 1000 {
			t.Errorf("%d of 10000 calls stayed where they take five times as long", local)
		}
	})
}

func TestZoneWithoutItemsInUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, b := range map[string]*Balancer[int]{
			"none here":  newZoned(LeastRequest(), zoned(0, 3)),
			"all here":   newZoned(LeastRequest(), zoned(3, 0)),
			"none named": newZoned(LeastRequest(), numbered(1, 1, 1)),
		} {
			if counts := count(t, b, 3000); counts[0] < 800 || counts[1] < 800 || counts[2] < 800 {
				t.Errorf("%s: picked %v times, want all alike", name, counts)
			}
		}
		b := newZoned(LeastRequest(), zoned(2, 4))
		for value := range 2 {
			fail(t, b, value, 5)
		}
		counts := count(t, b, 1000)
		for value, n := range counts {
			if value < 2 && n != 0 || value >= 2 && n < 150 {
				t.Errorf("picked %v times, want none of the ejected and all others alike", counts)
				break
			}
		}
	})
}

// A zone that is hardly busier than the others keeps its calls, and for however long it had less to do, it finds out soon when that
// ends.
func TestZoneSpillStaysWhereItIs(t *testing.T) {
	for name, load := range map[string]int64{"hardly busier": 1030, "idle": 1} {
		synctest.Test(t, func(t *testing.T) {
			z := newZonal("here", Random())
			b := newBalancer(z.build, zoned(3, 3))
			for range 10_000 {
				for i := range 6 {
					b.Report(string(rune('a'+i)), Load{InFlight: map[bool]int64{true: load, false: 1000}[i < 3]})
				}
				_, token := mustPick(t, b)
				time.Sleep(ms)
				b.Done(token, Success)
			}
			if got := math.Float64frombits(z.spill.Load()); got != spillLeast {
				t.Errorf("%s: %.3f of the calls go elsewhere, want %.3f", name, got, spillLeast)
			}
		})
	}
}

// Which zone a call goes to depends on its key, so that a key has one home.
func TestZoneOfAKey(t *testing.T) {
	z := newZonal("here", Maglev())
	b := newBalancer(z.build, zoned(3, 3))
	z.spill.Store(math.Float64bits(0.5))
	zones := make(map[bool]int)
	for key := range 100 {
		homes := make(map[int]bool)
		for range 20 {
			value, token, _ := b.PickFor(Choice[int]{Key: fmt.Sprint(key)})
			b.Done(token, Success)
			homes[value] = true
			zones[value < 3]++
		}
		if len(homes) != 1 {
			t.Errorf("calls with key %d go to %d items", key, len(homes))
		}
	}
	if zones[true] < 600 || zones[false] < 600 {
		t.Errorf("%v of the calls stay, want half", zones)
	}
}

// What a policy needs to know of calls it gets with a preferred zone as well.
func TestZoneKeepsWhatThePolicyWants(t *testing.T) {
	for name, tt := range map[string]struct {
		policy       Policy
		timed, tally bool
	}{"PeakEWMA": {PeakEWMA(), true, false}, "Maglev": {Maglev(), false, true}} {
		set := newZoned(tt.policy, zoned(2, 2)).set.Load().policySet
		if set.timed != tt.timed || set.tally != tt.tally {
			t.Errorf("%s: every call is timed: %t, all are counted: %t", name, set.timed, set.tally)
		}
	}
}

// Reports name items of the whole set, policies see a part of it.
func TestReportsReachTheirZone(t *testing.T) {
	b := newZoned(LeastRequest(), zoned(3, 3))
	for i := range 6 {
		b.Report(string(rune('a'+i)), Load{InFlight: int64(10 - i)})
	}
	for _, place := range b.set.Load().policySet.Reports.parts {
		if position, ok := place.reports.Latest(int(place.position)); !ok || int32(position) != place.position {
			t.Errorf("the report of %d in its zone is not known there", place.position)
		}
	}
}
