package balancer

// loadBound is by how much an item may have more than its share of the calls in flight. With a smaller one keys move
// more often, with a larger one the busiest item is busier; see the source of bounded.
const loadBound = 1.25

// walk is how many places a policy of affinity looks at for an item that is not full.
const walk = 64

// bounded keeps items from being given more calls in flight than loadBound times their share: what is too much goes to
// the next item, in an order that is the same for each call with the key.
//
// Source: Mirrokni, Thorup, Zadimoghaddam, "Consistent Hashing with Bounded Loads", SODA 2018.
type bounded struct {
	candidates []*Candidate
	weight     float64 // of all
	inFlight   func() int64
}

func newBounded(s *Set) bounded {
	b := bounded{candidates: s.Candidates, inFlight: s.CountAll()}
	for _, c := range s.Candidates {
		b.weight += float64(c.Weight())
	}
	return b
}

// choose goes through the places of a key until an item has room.
func (b *bounded) choose(place func(i int) int) int {
	perWeight := loadBound * float64(b.inFlight()+1) / b.weight
	for i := range walk {
		position := place(i)
		c := b.candidates[position]
		if calls := c.inFlight.Load(); calls == 0 || float64(calls+1) <= perWeight*float64(c.weight.Load()) {
			return position
		}
	}
	return place(0)
}
