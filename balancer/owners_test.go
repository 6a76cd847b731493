package balancer

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// uneven are items of three weights.
func uneven(n int) []Item[string] {
	items := manyKeys(n)
	for i := range items {
		items[i].Weight = 100 + 150*(i%3)
	}
	return items
}

// ownerOf returns the owner of a key among the items that were not tried.
func ownerOf(t *testing.T, b *Balancer[string], key string, tried ...string) string {
	t.Helper()
	value, token, err := b.PickFor(
		Choice[string]{Key: key, Tried: func(value string) bool { return slices.Contains(tried, value) }})
	if err != nil {
		t.Fatal(err)
	}
	b.Done(token, Success)
	return value
}

// strayed counts the keys that moved from one item to another, where neither is the one that changed.
func strayed(before, after map[string]string, changed string) (count int) {
	for key, value := range after {
		if value != before[key] && value != changed && before[key] != changed {
			count++
		}
	}
	return count
}

func TestRingHashMovesNoOtherKeys(t *testing.T) {
	for name, items := range map[string][]Item[string]{"equal": manyKeys(12), "weighted": uneven(12)} {
		for _, n := range []int{2, 3, 5, 12} {
			b := newBalancer(RingHash(), items[:n])
			before := owners(t, b)
			b.Update(items[1:n])
			if got := strayed(before, owners(t, b), items[0].Key); got > 0 {
				t.Errorf("%s: one of %d leaves: %d keys moved that need not", name, n, got)
			}
			b.Update(items[:n])
			if got := strayed(before, owners(t, b), ""); got > 0 {
				t.Errorf("%s: one of %d came back: %d keys are not where they were", name, n, got)
			}
			for _, weight := range []int{1, 99, 101, 1000, MaxWeight} {
				changed := slices.Clone(items[:n])
				changed[0].Weight = weight
				b.Update(changed)
				if got := strayed(before, owners(t, b), items[0].Key); got > 0 {
					t.Errorf("%s: one of %d has weight %d: %d keys moved that need not", name, n, weight, got)
				}
			}
		}
	}
}

// The next owner of a key is the owner that it has once those before it have left.
func TestNextOwnerTakesOver(t *testing.T) {
	for name, policy := range affine {
		for kind, items := range map[string][]Item[string]{"equal": manyKeys(12), "weighted": uneven(12), "few": uneven(3)} {
			b := newBalancer(policy(), items)
			for i := range 20 {
				key := fmt.Sprint("key", i)
				var tried []string
				for rest := items; len(rest) > 0; {
					want := ownerOf(t, newBalancer(policy(), rest), key)
					got := ownerOf(t, b, key, tried...)
					if got != want {
						t.Fatalf("%s, %s: owner %d of %s is %s, want %s", name, kind, len(tried)+1, key, got, want)
					}
					tried = append(tried, got)
					rest = slices.DeleteFunc(slices.Clone(rest),
						func(item Item[string]) bool { return item.Key == got })
				}
			}
		}
	}
}

// An item that is out of use, and one that still has the attempt before, hand on their calls in the same order.
func TestNextOwnerTakesOverFromTheEjectedAndTheBusy(t *testing.T) {
	for name, policy := range affine {
		items := manyKeys(8)
		for i := range 50 {
			key := fmt.Sprint("key", i)
			b := newBalancer(policy(), items)
			first := ownerOf(t, b, key)
			second := ownerOf(t, b, key, first)
			held, _, _ := b.PickFor(Choice[string]{Key: key}) // it is still under way
			if got := ownerOf(t, b, key, first); held != first || got != second {
				t.Fatalf("%s: while the first attempt is on %s the second goes to %s, want %s", name, held, got, second)
			}
			b = newBalancer(policy(), items)
			for range 5 {
				b.failed(b.known.present[first])
			}
			if got, _, _ := b.PickFor(Choice[string]{Key: key}); got != second {
				t.Fatalf("%s: while %s is ejected %s goes to %s, want %s", name, first, key, got, second)
			}
		}
	}
}

// With very many items Maglev's next owner is another one all the same, and always the same.
func TestMaglevOfManyHasANextOwner(t *testing.T) {
	b := newBalancer(Maglev(), manyKeys(700))
	for i := range 100 {
		key := fmt.Sprint("key", i)
		var tried []string
		for range 4 {
			next := ownerOf(t, b, key, tried...)
			if slices.Contains(tried, next) || next != ownerOf(t, b, key, tried...) {
				t.Fatalf("%s goes to %s after %v", key, next, tried)
			}
			tried = append(tried, next)
		}
	}
}

// Tables without some items are forgotten when there are too many of them.
func TestMaglevForgetsTables(t *testing.T) {
	b := newBalancer(Maglev(), manyKeys(200))
	tables := newMaglevTables(b.set.Load().candidates, new(fillWork))
	for position := range 100 {
		var past passed
		past.add(position)
		tables.owner(0, past)
	}
	kept := 0
	for i := range *tables.all.without.Load() {
		if table := (*tables.all.without.Load())[i].Load(); table != nil {
			kept += len(table.entries)
		}
	}
	if kept == 0 || kept > mostRefilled {
		t.Errorf("%d entries are kept, want some and at most %d", kept, mostRefilled)
	}
}

// Tables are filled again within a bound of work, also while half of many items are out of use: each order in which a
// pick goes past those needs a table of its own. Where that is not filled a key has an owner all the same.
func TestMaglevFillsFewTables(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 12
		tables := newMaglevTables(newBalancer(Maglev(), manyKeys(n)).set.Load().candidates, new(fillWork))
		filled := func() (entries int) {
			for i := range n {
				for j := range n {
					for k := range n {
						if i == j || j == k || i == k {
							continue
						}
						var past passed
						past.add(i)
						past.add(j)
						past.add(k)
						owner := tables.owner(uint64(i), past)
						if slices.Contains(past.all(), int32(owner)) || owner != tables.owner(uint64(i), past) {
							t.Fatalf("past %v the owner is %d", past.all(), owner)
						}
					}
				}
			}
			return int(tables.spent.Load())
		}
		tables.work.paid.Store(now() + int64(refillBurst/refillsASecond*time.Second) - 1) // all but one are spent
		size := len(tables.all.entries)
		if got := filled(); got > 2*size {
			t.Errorf("%d entries are filled, want at most a table of %d", got, size)
		}
		tables.forget()
		time.Sleep(time.Second)
		if got := filled(); got < refillsASecond/2 || got > 2*refillsASecond {
			t.Errorf("%d entries are filled a second later, want %d", got, refillsASecond)
		}
	})
}

func TestRingHashSharesByWeight(t *testing.T) {
	for n := 2; n <= 30; n += 4 {
		items := uneven(n)
		whole := 0
		for _, item := range items {
			whole += item.Weight
		}
		counts := tally(owners(t, newBalancer(RingHash(), items)))
		for _, item := range items {
			want := keys * float64(item.Weight) / float64(whole)
			if got := counts[item.Key] / want; got < 0.75 || got > 1.25 {
				t.Errorf("%d items: weight %d has %.2f of its share", n, item.Weight, got)
			}
		}
	}
}

// Maglev's first pick past an item fills a table.
func TestNextOwnerDoesNotAllocate(t *testing.T) {
	for name, policy := range affine {
		b := newBalancer(policy(), manyKeys(8))
		first := ownerOf(t, b, "key")
		choice := Choice[string]{Key: "key", Tried: func(value string) bool { return value == first }}
		for what, choice := range map[string]Choice[string]{"first": {Key: "key"}, "second": choice} {
			if got := testing.AllocsPerRun(100, func() {
				_, token, _ := b.PickFor(choice)
				b.Done(token, Success)
			}); got != 0 {
				t.Errorf("%s: a pick of the %s owner allocates %v times", name, what, got)
			}
		}
	}
}
