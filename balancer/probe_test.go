package balancer

import (
	"slices"
	"sync"
	"testing"
)

// draw gives the keys of so many items to be probed.
func draw[T any](t *testing.T, b *Balancer[T], n int) []string {
	t.Helper()
	keys := make([]string, n)
	for i := range keys {
		_, key, ok := b.Next()
		if !ok {
			t.Fatalf("draw %d: there is none to be probed", i+1)
		}
		keys[i] = key
	}
	return keys
}

func TestNextGivesEachOnceInAnyOrder(t *testing.T) {
	b := newBalancer(LeastRequest(), equalItems("a", "b", "c", "d", "e"))
	orders := make(map[string]bool)
	for range 200 {
		keys := draw(t, b, 5)
		orders[keys[0]+keys[1]+keys[2]+keys[3]+keys[4]] = true
		if slices.Sort(keys); !slices.Equal(keys, []string{"a", "b", "c", "d", "e"}) {
			t.Fatalf("drew %q, want each once", keys)
		}
	}
	if len(orders) < 60 {
		t.Errorf("%d orders in 200 rounds, want most of the 120", len(orders))
	}
}

func TestNextGivesTheValueOfItsKey(t *testing.T) {
	b := newBalancer(LeastRequest(), numbered(1, 2, 3))
	for range 9 {
		if value, key, ok := b.Next(); key != string(rune('a'+value)) || !ok {
			t.Fatalf("Next = %d, %q, %v", value, key, ok)
		}
	}
}

func TestNextFollowsTheSet(t *testing.T) {
	b := newBalancer(LeastRequest(), equalItems("a", "b", "c"))
	draw(t, b, 2)
	b.Update(equalItems("d", "e"))
	keys := draw(t, b, 2)
	if slices.Sort(keys); !slices.Equal(keys, []string{"d", "e"}) {
		t.Errorf("drew %q, want what is there now", keys)
	}
}

// Who makes no use of reports needs no probes, nor does who has no choice.
func TestNextOnlyWhereReportsAreOfUse(t *testing.T) {
	two, zoned := equalItems("a", "b"), equalItems("a", "b")
	zoned[0].Zone, zoned[1].Zone = "here", "there"
	for name, tt := range map[string]struct {
		policy  Policy
		options []Option
		items   []Item[string]
		want    bool
	}{
		"least request":           {LeastRequest(), nil, two, true},
		"least request in zones":  {LeastRequest(), []Option{PreferZone("here")}, zoned, true},
		"random in zones":         {Random(), []Option{PreferZone("here")}, zoned, true},
		"random, all in one zone": {Random(), []Option{PreferZone("here")}, two, false},
		"round robin":             {RoundRobin(), nil, two, false},
		"peak EWMA":               {PeakEWMA(), nil, two, false},
		"one item":                {LeastRequest(), nil, two[:1], false},
		"no item":                 {LeastRequest(), nil, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			b := New[string](tt.policy, tt.options...)
			b.Update(tt.items)
			if _, _, ok := b.Next(); ok != tt.want {
				t.Errorf("Next says %v, want %v", ok, tt.want)
			}
		})
	}
}

func TestNextWhileTheSetChanges(t *testing.T) {
	b := newBalancer(LeastRequest(), equalItems("a", "b"))
	var work sync.WaitGroup
	for range 4 {
		work.Go(func() {
			for range 1000 {
				if value, key, ok := b.Next(); ok && value != key {
					t.Errorf("the value of %q is %q", key, value)
				}
			}
		})
	}
	for i := range 1000 {
		b.Update(equalItems("a", "b", "c", "d")[:i%5])
	}
	work.Wait()
}

func TestAnswersEndsSilence(t *testing.T) {
	b := newBalancer(RoundRobin(), numbered(1, 1))
	b.Silent("a")
	b.Answers("none")
	if counts := count(t, b, 10); counts[0] != 0 {
		t.Fatalf("picked %v times, want never the first, which is silent", counts)
	}
	b.Answers("a")
	if counts := count(t, b, 10); counts[0] != 5 {
		t.Errorf("picked %v times, want both", counts)
	}
	New[int](RoundRobin()).Answers("a")
}
