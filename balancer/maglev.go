package balancer

import (
	"slices"
	"sync/atomic"
	"time"
)

// tableShare is how many entries a table of Maglev has for each item at least, so that shares are right to 1 %.
const tableShare = 100

// tableSizes are primes: a step of any length then comes by every entry.
var tableSizes = []int{1021, 4093, 16381, 65537, 262139, 1048573, 4194301}

// Maglev sends calls with one key to one item, the same from every caller that has the same items, and the keys to items in
// proportion to their weights. When an item comes or goes few keys move that need not. See [Choice]; a call without a key
// goes anywhere.
//
// Another attempt, and a call whose owner is out of use, go to the next owner of the key: the owner that the key
// has once the ones before it have left. The first such call fills a table without those; it takes as long as a
// change of the set, and later calls use the same table. Where more tables are needed than about 3 % of a core can
// fill, and with more than 655 items, the next owner is the next item in the table of all.
//
// No item is given more than 1.25 times its share of this Balancer's calls in flight: the excess of a hot key goes
// to the next items in the table, always in the same order. A change of the set takes about a millisecond for
// each hundred items, more than with the other policies; a pick costs the same for any number of them.
//
// Sources: Eisenbud et al., "Maglev: A Fast and Reliable Software Network Load Balancer", NSDI 2016, section 3.4; for the bound
// see Mirrokni, Thorup, Zadimoghaddam, "Consistent Hashing with Bounded Loads", SODA 2018.
func Maglev() Policy {
	work := new(fillWork)
	return func(s *Set) Picker {
		tables, limits := newMaglevTables(s.Candidates, work), newBounded(s)
		return func(call Call) int {
			if call.Attempt == 0 && !call.again {
				return limits.spread(tables.all.entries, call.Hash)
			}
			return limits.choose(call.Attempt, func(past passed) int { return tables.owner(call.Hash, past) })
		}
	}
}

// walk is how many entries are looked at for an item that is not full.
const walk = 64

// spread goes through the entries of a key until an item has room.
func (b *bounded) spread(entries []int32, hash uint64) int {
	perWeight, first := b.room(), below(hash, uint64(len(entries)))
	for i := range walk {
		if position := int(entries[(first+i)%len(entries)]); b.has(perWeight, position) {
			return position
		}
	}
	return int(entries[first])
}

// choose returns the owner of a key that has room and comes after attempt others that have room, or the last owner
// that it looked at. next returns the owner among the items that are not past, less than 0 if there is none.
func (b *bounded) choose(attempt int, next func(past passed) int) int {
	perWeight := b.room()
	var past passed
	for past.count < len(past.positions) {
		position := next(past)
		if position < 0 {
			break
		}
		if b.has(perWeight, position) {
			if attempt == 0 {
				return position
			}
			attempt--
		}
		past.add(position)
	}
	return int(past.positions[min(attempt, past.count-1)])
}

// maglevTables holds the table of a set, and the tables without some of its items that were needed so far.
type maglevTables struct {
	candidates []*Candidate
	work       *fillWork
	all        *maglevTable
	spent      atomic.Int64 // entries of all others
}

// maglevTable is a table, and others without one more item each, by its position.
type maglevTable struct {
	entries []int32
	without atomic.Pointer[[]atomic.Pointer[maglevTable]]
}

const (
	largestRefilled = 65537   // entries, of tables that are filled again without some items
	mostRefilled    = 4 << 20 // entries, of all of those together
	refillBurst     = 16 << 20
	refillsASecond  = 1 << 20 // entries, which take 30 ns each or so
)

// fillWork bounds how many entries one policy fills again, over all its sets: refillBurst at once, and
// refillsASecond over time. Without that bound each pick would fill a table while many items are out of use, as
// each order of those needs another one.
type fillWork struct{ paid atomic.Int64 } // the moment at which the entries so far are paid for

// take reports whether a table of so many entries may be filled.
func (w *fillWork) take(entries int) bool {
	for {
		at, before := now(), w.paid.Load()
		paid := max(before, at)
		if paid-at > refillBurst/refillsASecond*int64(time.Second) {
			return false
		}
		if w.paid.CompareAndSwap(before, paid+int64(entries)*int64(time.Second)/refillsASecond) {
			return true
		}
	}
}

func newMaglevTables(candidates []*Candidate, work *fillWork) *maglevTables {
	t := &maglevTables{candidates: candidates, work: work, all: newMaglevTable(candidates, passed{})}
	t.forget()
	return t
}

// forget lets go of all tables but that of the whole set.
func (t *maglevTables) forget() {
	t.spent.Store(0)
	t.all.without.Store(newWithout(t.candidates))
}

func newWithout(candidates []*Candidate) *[]atomic.Pointer[maglevTable] {
	without := make([]atomic.Pointer[maglevTable], len(candidates))
	return &without
}

// owner returns the owner of a key among the items that are not past, less than 0 if there is none.
func (t *maglevTables) owner(hash uint64, past passed) int {
	switch {
	case past.count == len(t.candidates):
		return -1
	case len(t.all.entries) > largestRefilled:
		return t.following(hash, past)
	}
	table := t.all
	for i := range past.count {
		if table = t.refilled(table, past, i); table == nil {
			return t.following(hash, past)
		}
	}
	return int(table.entries[below(hash, uint64(len(table.entries)))])
}

// following is the next item in the table.
func (t *maglevTables) following(hash uint64, past passed) int {
	entries := t.all.entries
	first := below(hash, uint64(len(entries)))
	for i := range entries {
		if position := entries[(first+i)%len(entries)]; !slices.Contains(past.all(), position) {
			return int(position)
		}
	}
	return -1
}

// refilled returns the table without the items that are past, up to that at an index, or nil if there is none and
// it may not be filled now. Two callers may fill the same table at a time.
func (t *maglevTables) refilled(from *maglevTable, past passed, index int) *maglevTable {
	place := &(*from.without.Load())[past.positions[index]]
	if table := place.Load(); table != nil {
		return table
	}
	if !t.work.take(len(from.entries)) {
		return nil
	}
	past.count = index + 1
	table := newMaglevTable(t.candidates, past)
	table.without.Store(newWithout(t.candidates))
	if t.spent.Add(int64(len(table.entries)+len(t.candidates))) > mostRefilled {
		t.forget()
	}
	place.Store(table)
	return table
}

// newMaglevTable has the candidates that are not past choose entries in turn, each in an order of its own, until it has
// its share.
func newMaglevTable(candidates []*Candidate, past passed) *maglevTable {
	count := len(candidates) - past.count
	size := tableSizes[len(tableSizes)-1]
	if at := slices.IndexFunc(tableSizes, func(size int) bool { return size >= tableShare*count }); at >= 0 {
		size = tableSizes[at]
	}
	entries := make([]int32, size)
	for i := range entries {
		entries[i] = -1
	}
	choosers := newChoosers(candidates, past, size)
	for len(choosers) > 0 {
		left := choosers[:0]
		for _, c := range choosers {
			c.choose(entries)
			if c.share--; c.share > 0 {
				left = append(left, c)
			}
		}
		choosers = left
	}
	return &maglevTable{entries: entries}
}

// chooser is one candidate while a table is filled.
type chooser struct {
	position   int32
	share      int // entries that it is to get yet
	next, step int
}

func (c *chooser) choose(table []int32) {
	for table[c.next] >= 0 {
		c.next = (c.next + c.step) % len(table)
	}
	table[c.next] = c.position
}

// newChoosers orders the candidates by key, so that all callers fill the same table. The shares add up to size.
func newChoosers(candidates []*Candidate, past passed, size int) []chooser {
	var left []*Candidate
	var positions []int32
	for i, c := range candidates {
		if !slices.Contains(past.all(), int32(i)) {
			left, positions = append(left, c), append(positions, int32(i))
		}
	}
	choosers := make([]chooser, len(left))
	for i, share := range shares(left, size) {
		first := hash(left[i].key)
		choosers[i] = chooser{positions[i], share, below(first, uint64(size)), 1 + below(mixed(first), uint64(size-1))}
	}
	slices.SortFunc(choosers, func(a, b chooser) int {
		return compareKeys(candidates[a.position], candidates[b.position])
	})
	return slices.DeleteFunc(choosers, func(c chooser) bool { return c.share == 0 })
}
