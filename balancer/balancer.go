package balancer

import (
	"errors"
	"sync"
	"sync/atomic"
)

// ErrNoInstances is returned by Pick and PickExcept while the set is empty.
var ErrNoInstances = errors.New("balancer: no instances")

// Item is one thing to pick.
type Item[T any] struct {
	Key    string // identity across changes of the set, for example an address
	Weight int    // share; 0 or less means DefaultWeight, above MaxWeight counts as MaxWeight
	Value  T      // what Pick returns
}

// Balancer picks from a set of items that may change at any time. Make one with New. Its methods may be called
// concurrently.
type Balancer[T any] struct {
	policy Policy
	set    atomic.Pointer[set[T]] // nil while empty

	mu    sync.Mutex // held by Update
	known map[string]*Candidate
}

// Token stands for one call in flight, from Pick to Done. The zero Token stands for none.
type Token struct{ candidate *Candidate }

// New returns a Balancer with no items. The Policy value belongs to it: do not give it to another one.
func New[T any](policy Policy) *Balancer[T] { return &Balancer[T]{policy: policy} }

// Update replaces the set; of items with the same Key the first counts. The calls in flight of a Key that stays stay
// counted. A concurrent Pick sees the old set or the new one. The slice is not kept.
func (b *Balancer[T]) Update(items []Item[T]) {
	b.mu.Lock()
	defer b.mu.Unlock()
	next, known := newSet[T](len(items)), make(map[string]*Candidate, len(items))
	for _, item := range items {
		if known[item.Key] == nil {
			known[item.Key] = b.candidate(item)
			next.add(item.Value, known[item.Key])
		}
	}
	b.known = known
	b.replace(next)
}

func (b *Balancer[T]) candidate(item Item[T]) *Candidate {
	candidate := b.known[item.Key]
	if candidate == nil {
		candidate = new(Candidate)
	}
	candidate.weight.Store(boundedWeight(item.Weight))
	return candidate
}

func (b *Balancer[T]) replace(next *set[T]) {
	if len(next.values) == 0 {
		b.set.Store(nil)
		return
	}
	next.pick = b.policy(next.candidates)
	b.set.Store(next)
}

// Pick returns the value that should take the next call, which is in flight from here to Done. It takes no lock and
// allocates nothing. The only error is ErrNoInstances.
func (b *Balancer[T]) Pick() (value T, token Token, err error) {
	current := b.set.Load()
	if current == nil {
		return value, token, ErrNoInstances
	}
	return current.take(current.pick())
}

// PickExcept is Pick for another attempt at a call: it returns a value of which tried says false while there is one,
// and any when all were tried. It asks the policy first, but may go on to look at every item.
func (b *Balancer[T]) PickExcept(tried func(T) bool) (value T, token Token, err error) {
	current := b.set.Load()
	if current == nil {
		return value, token, ErrNoInstances
	}
	return current.take(current.untried(tried))
}

// Done says that a call has ended. Call it exactly once for each pick, with its Token, even if the item has left the
// set since. A zero Token is ignored.
func (b *Balancer[T]) Done(t Token) {
	if t.candidate != nil {
		t.candidate.inFlight.Add(-1)
	}
}

// Len is the number of items in the set.
func (b *Balancer[T]) Len() int {
	if current := b.set.Load(); current != nil {
		return len(current.values)
	}
	return 0
}
