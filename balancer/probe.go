package balancer

import (
	"math/rand/v2"
	"sync"
)

// deck is the order in which items are probed.
type deck struct {
	mu    sync.Mutex
	of    *Reports // of the set that order is for
	order []int32  // positions
	next  int
}

// Next gives an item whose load is worth asking for, to be told by Report. Each is drawn by lot, and none twice before all
// were. ok is false if the policy makes no use of reports, see [Set.WantReports], or there are not two items to choose from.
func (b *Balancer[T]) Next() (value T, key string, ok bool) {
	current := b.set.Load()
	if current == nil || !current.policySet.wanted || len(current.values) < 2 {
		return value, "", false
	}
	position := b.deck.draw(current.policySet.Reports, len(current.values))
	return current.values[position], current.candidates[position].key, true
}

// draw shuffles as it goes (Fisher and Yates). Beginning anew with an order that is shuffled already changes nothing.
func (d *deck) draw(of *Reports, n int) int32 {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.of != of {
		d.of, d.order, d.next = of, make([]int32, n), 0
		for i := range d.order {
			d.order[i] = int32(i)
		}
	}
	other := d.next + rand.IntN(n-d.next)
	d.order[d.next], d.order[other] = d.order[other], d.order[d.next]
	position := d.order[d.next]
	d.next = (d.next + 1) % n
	return position
}

func (b *Balancer[T]) has(key string) bool {
	current := b.set.Load()
	return current != nil && current.has(key)
}

// Answers says that the item of a key answers probes without a load to report, which ends what Silent said.
func (b *Balancer[T]) Answers(key string) {
	if current := b.set.Load(); current != nil {
		if position, ok := current.index[key]; ok {
			current.candidates[position].caution.And(^uint32(silent))
		}
	}
}
