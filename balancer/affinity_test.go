package balancer

import (
	"fmt"
	"math"
	"testing"
)

var affine = map[string]func() Policy{"Maglev": Maglev, "RingHash": RingHash}

const keys = 20_000

// owners says which item each key goes to when nothing is in flight.
func owners(t *testing.T, b *Balancer[string]) map[string]string {
	t.Helper()
	owner := make(map[string]string, keys)
	for i := range keys {
		key := fmt.Sprint("user", i)
		value, token, err := b.PickFor(Choice[string]{Key: key})
		if err != nil {
			t.Fatal(err)
		}
		b.Done(token, Success)
		owner[key] = value
	}
	return owner
}

func tally(owner map[string]string) map[string]float64 {
	counts := make(map[string]float64)
	for _, value := range owner {
		counts[value]++
	}
	return counts
}

func manyKeys(n int) []Item[string] {
	items := make([]Item[string], n)
	for i := range items {
		key := fmt.Sprint("10.0.0.", i, ":80")
		items[i] = Item[string]{Key: key, Value: key}
	}
	return items
}

func TestAffinity(t *testing.T) {
	for name, policy := range affine {
		t.Run(name, func(t *testing.T) {
			items := manyKeys(50)
			owner := owners(t, newBalancer(policy(), items))
			for value, count := range tally(owner) {
				if share := count / keys * 50; share < 0.6 || share > 1.5 {
					t.Errorf("%s has %.2f of its share of the keys", value, share)
				}
			}
			reversed := make([]Item[string], len(items))
			for i, item := range items {
				reversed[len(items)-1-i] = item
			}
			for key, value := range owners(t, newBalancer(policy(), reversed)) {
				if owner[key] != value {
					t.Fatalf("%s goes to %s and, with the items in another order, to %s", key, owner[key], value)
				}
			}
		})
	}
}

// Fewer calls than items: an idle one has room, however small its share of them is.
func TestAHotKeyGoesToTheIdle(t *testing.T) {
	for name, policy := range affine {
		t.Run(name, func(t *testing.T) {
			b, used := newBalancer(policy(), manyKeys(50)), make(map[string]bool)
			for range 10 {
				value, _, err := b.PickFor(Choice[string]{Key: "hot"})
				if err != nil || used[value] {
					t.Fatalf("%s is picked again, %v, while others are idle", value, err)
				}
				used[value] = true
			}
		})
	}
}

// The keys of one that is out of use go to many others, not all to one.
func TestKeysOfTheEjectedAreSpread(t *testing.T) {
	for name, policy := range affine {
		t.Run(name, func(t *testing.T) {
			b := newBalancer(policy(), manyKeys(20))
			before := owners(t, b)
			gone := before["user0"]
			for range 5 {
				b.failed(b.known.present[gone])
			}
			heirs := make(map[string]int)
			for key, value := range owners(t, b) {
				if before[key] == gone {
					heirs[value]++
				}
			}
			if heirs[gone] > 0 || len(heirs) < 15 {
				t.Errorf("the keys of %s go to %v, want to all others", gone, heirs)
			}
		})
	}
}

// Of n items one goes: its own keys move, with Maglev a few more.
func TestFewKeysMove(t *testing.T) {
	for name, mostOthers := range map[string]float64{"Maglev": 0.02, "RingHash": 0} {
		t.Run(name, func(t *testing.T) {
			items := manyKeys(50)
			b := newBalancer(affine[name](), items)
			before := owners(t, b)
			b.Update(items[1:])
			others := 0.0
			for key, value := range owners(t, b) {
				if before[key] != items[0].Key && before[key] != value {
					others++
				}
			}
			if others/keys > mostOthers {
				t.Errorf("%.1f %% of the keys moved that were not on the item that went, want at most %.1f %%", 100*others/keys, 100*mostOthers)
			}
			b.Update(items)
			for key, value := range owners(t, b) {
				if before[key] != value {
					t.Fatalf("%s does not go where it went before, once the item is back", key)
				}
			}
		})
	}
}

func TestAffinityFollowsWeights(t *testing.T) {
	for name, policy := range affine {
		items := manyKeys(20)
		items[3].Weight, items[7].Weight, items[9].Weight = 400, 50, 1
		counts := tally(owners(t, newBalancer(policy(), items)))
		whole := 17*100.0 + 400 + 50 + 1
		for i, want := range map[int]float64{3: 400 / whole, 7: 50 / whole, 9: 1 / whole} {
			if got := counts[items[i].Key] / keys; math.Abs(got-want) > 0.3*want+0.002 {
				t.Errorf("%s: weight %d has %.4f of the keys, want about %.4f", name, items[i].Weight, got, want)
			}
		}
	}
}

// All calls have one key and stay in flight: no item gets more than 1.25 times its share.
func TestBoundedLoad(t *testing.T) {
	for name, policy := range affine {
		b := newBalancer(policy(), manyKeys(10))
		var tokens []Token
		for range 1000 {
			_, token, _ := b.PickFor(Choice[string]{Key: "hot"})
			tokens = append(tokens, token)
		}
		busy := 0
		for key, calls := range inFlight(b) {
			if calls > 125 {
				t.Errorf("%s: %s has %d of 1000 calls, want at most 125", name, key, calls)
			}
			if calls > 120 {
				busy++
			}
		}
		if busy < 7 {
			t.Errorf("%s: %d items are full, want as few as will do to have 1000 calls", name, busy)
		}
		for _, token := range tokens {
			b.Done(token, Success)
		}
		if got := b.total.Load(); got != 0 {
			t.Errorf("%s: %d calls are counted when all are done", name, got)
		}
	}
}

func TestAnotherAttemptGoesElsewhereAndAlwaysThere(t *testing.T) {
	for name, policy := range affine {
		b := newBalancer(policy(), manyKeys(10))
		for i := range 100 {
			key := fmt.Sprint(i)
			first, token, _ := b.PickFor(Choice[string]{Key: key})
			b.Done(token, Success)
			seconds := make(map[string]bool)
			for range 10 {
				second, token, _ := b.PickFor(Choice[string]{Key: key, Tried: func(value string) bool { return value == first }})
				b.Done(token, Success)
				seconds[second] = true
			}
			if len(seconds) != 1 || seconds[first] {
				t.Errorf("%s: key %s goes to %s and then to %v, want one other", name, key, first, seconds)
			}
		}
	}
}

func TestCallsWithoutKeysAreSpread(t *testing.T) {
	const all = 100_000 // the ring has one item with 28.9% of it: a tenth of the calls would come near 30% by chance
	for name, policy := range affine {
		counts := count(t, newBalancer(policy(), numbered(1, 1, 1, 1)), all)
		for value, calls := range counts {
			if calls < all/5 || calls > all*3/10 {
				t.Errorf("%s: item %d got %d of %d calls", name, value, calls, all)
			}
		}
	}
}

// A hash that changed would send every key elsewhere while releases are mixed.
func TestHashNeverChanges(t *testing.T) {
	for key, want := range map[string]uint64{"": 0xf52a15e9a9b5e89b, "a": 0x02c0bdbf481420f8} {
		if got := hash(key); got != want {
			t.Errorf("hash(%q) = %#x, want %#x", key, got, want)
		}
	}
}

// Tables of absurd weights take no longer than others.
func TestMaglevTableIsFull(t *testing.T) {
	for name, items := range map[string][]Item[int]{
		"one":          numbered(1),
		"absurd":       numbered(MaxWeight, 1, 1, 1),
		"many":         numbered(make([]int, 3000)...),
		"many, absurd": numbered(append(make([]int, 3000), MaxWeight)...),
	} {
		b := newBalancer(Maglev(), items)
		for position, entry := range newMaglevTable(b.set.Load().candidates, passed{}).entries {
			if entry < 0 {
				t.Fatalf("%s: entry %d is empty", name, position)
			}
		}
	}
}
