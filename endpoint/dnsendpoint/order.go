package dnsendpoint

import "math/rand/v2"

// order draws targets at random by weight, each once: the first that is drawn is a target with the
// probability of its share of all weights, the second likewise among the others, and so on. That is
// algorithm A-ES of Efraimidis and Spirakis, "Weighted random sampling with a reservoir" (2006), with
// exponential variates for its keys: Exp(1)/weight ascending is the order of U^(1/weight) descending.
//
// The keys are a heap, as an answer often has room for a few of many targets: n targets take O(n),
// and each draw O(log n).
type order struct {
	random *rand.Rand
	keys   []draw
}

type draw struct {
	key    float64
	target *target
}

// beyond is more than any key, so that a target of another zone comes after all of the preferred.
const beyond = 1 << 20

func (o *order) reset() { o.keys = o.keys[:0] }

// add takes a target in. All are added before the first is drawn.
func (o *order) add(t *target) {
	key := o.random.ExpFloat64() / float64(t.weight)
	if t.far {
		key += beyond
	}
	o.keys = append(o.keys, draw{key, t})
}

// ready makes the heap.
func (o *order) ready() {
	for at := len(o.keys)/2 - 1; at >= 0; at-- {
		o.sink(at)
	}
}

// next draws a target, nil after the last.
func (o *order) next() *target {
	if len(o.keys) == 0 {
		return nil
	}
	first, last := o.keys[0].target, len(o.keys)-1
	o.keys[0] = o.keys[last]
	o.keys = o.keys[:last]
	o.sink(0)
	return first
}

func (o *order) sink(at int) {
	for child := 2*at + 1; child < len(o.keys); child = 2*at + 1 {
		if right := child + 1; right < len(o.keys) && o.keys[right].key < o.keys[child].key {
			child = right
		}
		if o.keys[at].key <= o.keys[child].key {
			return
		}
		o.keys[at], o.keys[child] = o.keys[child], o.keys[at]
		at = child
	}
}
