package balancer

// loadBound is by how much an item may have more than its share of the calls in flight. With a smaller one keys move
// more often, with a larger one the busiest item is busier; see the source of bounded.
const loadBound = 1.25

// bounded keeps items from being given more calls in flight than loadBound times their share: the rest go to the
// next item, in an order that is the same for each call with the key.
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

// room is how many calls in flight an item may have for each unit of its weight.
func (b *bounded) room() (perWeight float64) {
	return loadBound * float64(b.inFlight()+1) / b.weight
}

// has reports whether an item can take a call. An idle one always can.
func (b *bounded) has(perWeight float64, position int) bool {
	c := b.candidates[position]
	calls := c.inFlight.Load()
	return calls == 0 || float64(calls+1) <= perWeight*float64(c.weight.Load())
}

// passed are the owners of a key that a pick went past, the first owner first. It is handed on by value, so that a
// pick allocates nothing.
type passed struct {
	count     int
	positions [policyTries]int32
}

func (p *passed) all() []int32 { return p.positions[:p.count] }

func (p *passed) add(position int) {
	p.positions[p.count] = int32(position)
	p.count++
}
