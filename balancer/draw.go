package balancer

import "math/rand/v2"

// twoUniform makes two different positions below n from the halves of one random word; n is at least 2.
func twoUniform(word uint64, n int) (first, second int) {
	first = int((word >> 32) * uint64(n) >> 32)
	return first, another(uint32(word), n, first)
}

// another makes a position below n other than taken from a random word.
func another(word uint32, n, taken int) int {
	position := int(uint64(word) * uint64(n-1) >> 32)
	if position >= taken {
		position++
	}
	return position
}

// twoWeighted makes two different positions, each in proportion to its weight, from one random word. If one weight
// dwarfs the rest, so that it is drawn again and again, the second is any of the rest.
func twoWeighted(word uint64, table aliasTable) (first, second int) {
	first = table.draw(uint32(word >> 32))
	for range secondDraws {
		if second = table.draw(uint32(word)); second != first {
			return first, second
		}
		word = rand.Uint64()
	}
	return first, another(uint32(word), len(table), first)
}
