package balancer

import (
	"math"
	"math/bits"
)

// aliasTable draws positions in proportion to their weights in constant time. Every position has a column of the
// same height; what its own weight leaves free of that is given to one other position, its alias.
//
// Source: Vose, "A Linear Algorithm for Generating Random Numbers with a Given Distribution", IEEE Transactions on
// Software Engineering 17(9), 1991.
type aliasTable []aliasColumn

type aliasColumn struct {
	own   uint32 // the part of the column that is its own, in units of 2^-32
	alias uint32 // the position that has the rest
}

// newAliasTable works in integers, so that unlike in the paper no rounding error is left to clean up.
func newAliasTable(weights []uint64) aliasTable {
	table := make(aliasTable, len(weights))
	left, height := heights(weights)
	var short, tall []uint32
	for i := range table {
		table[i] = aliasColumn{own: math.MaxUint32, alias: uint32(i)} // full: both parts are its own
		if left[i] < height {
			short = append(short, uint32(i))
		} else {
			tall = append(tall, uint32(i))
		}
	}
	for len(short) > 0 { // the mean is height, so there is a tall one too
		s, t := short[len(short)-1], tall[len(tall)-1]
		short = short[:len(short)-1]
		table[s] = aliasColumn{own: fraction(left[s], height), alias: t}
		left[t] -= height - left[s]
		if left[t] < height {
			tall = tall[:len(tall)-1]
			short = append(short, t)
		}
	}
	return table
}

// heights scales the weights so that their mean is a whole number, the height of a column.
func heights(weights []uint64) (scaled []uint64, height uint64) {
	scaled = make([]uint64, len(weights))
	for i, weight := range weights {
		scaled[i] = weight * uint64(len(weights))
		height += weight
	}
	return scaled, height
}

// fraction is part/whole in units of 2^-32, rounded down, for part < whole.
func fraction(part, whole uint64) uint32 {
	quotient, _ := bits.Div64(part>>32, part<<32, whole)
	return uint32(quotient)
}

// draw maps a random word to a position. The high half of word × n is a uniform column and the low half a uniform
// place in it, exact to 2^-32 of all draws.
func (t aliasTable) draw(word uint32) int {
	product := uint64(word) * uint64(len(t))
	column := t[product>>32]
	if uint32(product) < column.own {
		return int(product >> 32)
	}
	return int(column.alias)
}
