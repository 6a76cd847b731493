package membership

import (
	"math"
	"time"
)

// A member that is lost and back again and again would make every balancer rebuild its set each time, and send calls to where
// they will soon fail. After some losses close to each other its return is believed only once it has lasted: the damping of
// routes in BGP (RFC 2439), with a hold of fixed length. Where its services have no other instance it is not held back.
const (
	holdFrom     = 2.5              // losses, each counting half as much after lossHalfLife
	lossHalfLife = 2 * time.Minute  // so the fourth of losses a minute apart is too much
	holdFor      = 28 * time.Second // well over the time in which the next loss would be noticed
	mostHeld     = 3                // one in so many of the living, so that what befalls half a cluster hides nobody
)

// losses counts how often a member was lost lately.
type losses struct {
	count float64
	at    time.Time // when it was that many
}

func (l *losses) now() float64 {
	if l.count == 0 {
		return 0
	}
	return l.count * math.Exp2(-float64(time.Since(l.at))/float64(lossHalfLife))
}

func (l *losses) add() { l.count, l.at = l.now()+1, time.Now() }

// returned begins a hold if the member was lost too often.
func (e *entry) returned() {
	if e.losses.now() >= holdFrom {
		e.held = time.Now().Add(holdFor)
	}
}

// release lists the members that were held back for long enough, or whose services somebody must offer. What remains held is
// looked at again with the next change.
func (s *Store) release(touched map[string]bool) {
	for name := range touched {
		if e := s.entries[name]; !e.held.IsZero() {
			s.held[name] = true
		}
	}
	for name := range s.held {
		e := s.entries[name]
		if e == nil {
			delete(s.held, name)
		} else if time.Until(e.held) <= 0 || len(s.held) > s.living/mostHeld || !s.dispensable(e) {
			e.held, e.why.since, touched[name] = time.Time{}, time.Now(), true
			delete(s.held, name)
		}
	}
}

// dispensable says whether each service of a member has an instance elsewhere that is listed and takes calls.
func (s *Store) dispensable(e *entry) bool {
	snapshot := s.view.Snapshot()
	for _, service := range e.record.Services {
		elsewhere := false
		for _, instance := range snapshot.Available(service.Name) {
			other := s.entries[instance.Member]
			elsewhere = elsewhere || instance.Member != e.record.Name && other != nil && other.lives()
		}
		if !elsewhere {
			return false
		}
	}
	return true
}
