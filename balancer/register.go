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
	began   int64 // at the first Update; 0 before
}

type departed struct {
	candidate *Candidate
	at        int64
}

// candidate returns the one of a key, a new one for another life.
func (r *register) candidate(key string, started time.Time, window time.Duration) *Candidate {
	known := r.present[key]
	if known == nil {
		known = r.left[key].candidate
	}
	if known == nil || !known.started.Equal(started) {
		known = &Candidate{key: key, started: started, since: r.since(known, started, window)}
	}
	return known
}

// since is when a life began, by this process's clock, after the life that is known of the key, if any. The clock of
// another machine may be wrong by years: it counts only for an item that this Balancer did not see come.
func (r *register) since(before *Candidate, started time.Time, window time.Duration) int64 {
	at, seen := now(), false
	if before != nil {
		seen = !before.started.IsZero() // or only its start has become known
	} else {
		seen = r.began != 0 && at-r.began > int64(window)
	}
	switch {
	case started.IsZero():
		return 0
	case seen:
		return at
	default:
		return at - int64(max(time.Since(started), 0))
	}
}

// keep makes these the ones that are present.
func (r *register) keep(index map[string]int32, candidates []*Candidate) {
	at := now()
	if r.began == 0 {
		r.began = at
	}
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
