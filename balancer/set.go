package balancer

// policyTries is how often PickExcept asks the policy before it looks for itself.
const policyTries = 4

// set is what a Balancer picks from at one time. It never changes once a Balancer has it.
type set[T any] struct {
	values     []T
	candidates []*Candidate // by position, as the values
	pick       Picker
}

func newSet[T any](size int) *set[T] {
	return &set[T]{values: make([]T, 0, size), candidates: make([]*Candidate, 0, size)}
}

func (s *set[T]) add(value T, candidate *Candidate) {
	s.values = append(s.values, value)
	s.candidates = append(s.candidates, candidate)
}

// take counts the call before it returns, so that the next pick already sees it.
func (s *set[T]) take(position int) (T, Token, error) {
	candidate := s.candidates[position]
	candidate.inFlight.Add(1)
	return s.values[position], Token{candidate}, nil
}

// untried is a position of which tried says false, or any position if there is none.
func (s *set[T]) untried(tried func(T) bool) int {
	var position int
	for range policyTries {
		if position = s.pick(); !tried(s.values[position]) {
			return position
		}
	}
	for range s.values {
		if position = (position + 1) % len(s.values); !tried(s.values[position]) {
			return position
		}
	}
	return position
}
