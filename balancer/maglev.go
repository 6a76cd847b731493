package balancer

import "slices"

// tableShare is how many entries a table of Maglev has for each item at least, so that shares are right to 1 %.
const tableShare = 100

// tableSizes are primes: a step of any length then comes by every entry.
var tableSizes = []int{1021, 4093, 16381, 65537, 262139, 1048573, 4194301}

// Maglev sends calls with one key to one item, the same from every caller that has the same items, and the keys to items in
// proportion to their weights. When an item comes or goes few keys move that need not. See [Choice]; a call without a key
// goes anywhere.
//
// No item is given more than 1.25 times its share of this Balancer's calls in flight: what is too much of a hot key goes to other items, always
// in the same order. A change of the set takes about a millisecond for each hundred items, more than with the
// other policies; a pick costs the same for any number of them.
//
// Sources: Eisenbud et al., "Maglev: A Fast and Reliable Software Network Load Balancer", NSDI 2016, section 3.4; for the bound
// see Mirrokni, Thorup, Zadimoghaddam, "Consistent Hashing with Bounded Loads", SODA 2018.
func Maglev() Policy {
	return func(s *Set) Picker {
		table, limits := newMaglevTable(s.Candidates), newBounded(s)
		n := uint64(len(table))
		return func(call Call) int {
			first := uint64(below(call.Hash, n)) + uint64(call.Attempt)
			return limits.choose(func(i int) int { return int(table[(first+uint64(i))%n]) })
		}
	}
}

// newMaglevTable has the candidates choose entries in turn, each in an order of its own, until it has its share.
func newMaglevTable(candidates []*Candidate) []int32 {
	size := tableSizes[len(tableSizes)-1]
	if at := slices.IndexFunc(tableSizes, func(size int) bool { return size >= tableShare*len(candidates) }); at >= 0 {
		size = tableSizes[at]
	}
	table := make([]int32, size)
	for i := range table {
		table[i] = -1
	}
	choosers := newChoosers(candidates, size)
	for len(choosers) > 0 {
		left := choosers[:0]
		for _, c := range choosers {
			c.choose(table)
			if c.share--; c.share > 0 {
				left = append(left, c)
			}
		}
		choosers = left
	}
	return table
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
func newChoosers(candidates []*Candidate, size int) []chooser {
	choosers := make([]chooser, len(candidates))
	for i, share := range shares(candidates, size) {
		first := hash(candidates[i].key)
		choosers[i] = chooser{int32(i), share, below(first, uint64(size)), 1 + below(mixed(first), uint64(size-1))}
	}
	slices.SortFunc(choosers, func(a, b chooser) int {
		return compareKeys(candidates[a.position], candidates[b.position])
	})
	return slices.DeleteFunc(choosers, func(c chooser) bool { return c.share == 0 })
}
