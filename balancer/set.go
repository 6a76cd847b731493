package balancer

import "math/rand/v2"

// policyTries is how often the policy is asked before a Balancer looks for itself. With half of the items out of use
// that is needed for one pick in 65,536; more would be too many calls for the item behind those.
const policyTries = 16

// set is what a Balancer picks from at one time. It never changes once a Balancer has it.
type set[T any] struct {
	values     []T
	candidates []*Candidate // by position, as the values
	zones      []string
	index      map[string]int32 // positions by key
	policySet  Set
	pick       Picker
}

func newSet[T any](size int) *set[T] {
	return &set[T]{
		values:     make([]T, 0, size),
		candidates: make([]*Candidate, 0, size),
		zones:      make([]string, 0, size),
		index:      make(map[string]int32, size),
	}
}

func (s *set[T]) has(key string) bool {
	_, ok := s.index[key]
	return ok
}

func (s *set[T]) add(item Item[T], candidate *Candidate) {
	candidate.weight.Store(boundedWeight(item.Weight))
	s.index[item.Key] = int32(len(s.values))
	s.values = append(s.values, item.Value)
	s.candidates = append(s.candidates, candidate)
	s.zones = append(s.zones, item.Zone)
}

func (s *set[T]) build(policy Policy, total *counter) {
	s.policySet = Set{Candidates: s.candidates, Reports: new(Reports), zones: s.zones, total: total}
	s.pick = policy(&s.policySet)
}

// countUnused counts those that are out of use, and those others that are degraded.
func (s *set[T]) countUnused(at int64) (out, degraded int) {
	for _, c := range s.candidates {
		switch {
		case c.caution.Load() == 0:
		case c.isOut(at):
			out++
		case c.isDegraded(at):
			degraded++
		}
	}
	return out, degraded
}

// choose asks the policy, again if it gives one that is out of use or too new for that call.
func (s *set[T]) choose(call Call) (position int) {
	if position = s.pick(call); s.candidates[position].caution.Load() == 0 {
		return position
	}
	return s.chooseWith(call, position, nil)
}

// untried is a position of which tried says false, or any position if there is none.
func (s *set[T]) untried(call Call, tried func(T) bool) (position int) {
	call.again = true
	return s.chooseWith(call, s.pick(call), tried)
}

// chooseWith begins with what the policy gave.
func (s *set[T]) chooseWith(call Call, position int, tried func(T) bool) int {
	for {
		if s.wants(position, tried) && s.candidates[position].admits(rand.Uint64()) {
			return position
		}
		if call.Attempt++; call.Attempt == policyTries {
			break
		}
		call.Word = rand.Uint64()
		position = s.pick(call)
	}
	return s.search(position, tried)
}

// search looks at every item: for one in use, then for one that is degraded, then for any that is wanted.
func (s *set[T]) search(from int, tried func(T) bool) int {
	at, fallback, rank := now(), from, 0
	for i := range s.values {
		position := (from + i) % len(s.values)
		if !s.wants(position, tried) {
			continue
		}
		switch c := s.candidates[position]; {
		case c.isOut(at):
			if rank < 1 {
				fallback, rank = position, 1
			}
		case c.isDegraded(at):
			if rank < 2 {
				fallback, rank = position, 2
			}
		default:
			return position
		}
	}
	return fallback
}

func (s *set[T]) wants(position int, tried func(T) bool) bool {
	return tried == nil || !tried(s.values[position])
}
