package balancer

import "time"

// keptFor is how long a Balancer remembers what it knows of a key that has left, mostKept of how many.
const (
	keptFor  = 10 * time.Minute
	mostKept = 1024
)

// register holds the candidates by key, those that left lately too.
type register struct {
	present map[string]*Candidate
	left    map[string]departed
}

type departed struct {
	candidate *Candidate
	at        int64
}

// candidate gives the one of a key, a new one for another life.
func (r *register) candidate(key string, started time.Time) *Candidate {
	known := r.present[key]
	if known == nil {
		known = r.left[key].candidate
	}
	if known == nil || !known.started.Equal(started) {
		known = &Candidate{key: key, started: started}
	}
	return known
}

// keep makes these the ones that are present.
func (r *register) keep(index map[string]int32, candidates []*Candidate) {
	at := now()
	present := make(map[string]*Candidate, len(index))
	for key, position := range index {
		present[key] = candidates[position]
		delete(r.left, key)
	}
	for key, one := range r.left {
		if at-one.at > int64(keptFor) {
			delete(r.left, key)
		}
	}
	for key, candidate := range r.present {
		if present[key] == nil && len(r.left) < mostKept {
			if r.left == nil {
				r.left = make(map[string]departed)
			}
			r.left[key] = departed{candidate, at}
		}
	}
	r.present = present
}
