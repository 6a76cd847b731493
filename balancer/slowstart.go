package balancer

import (
	"sync/atomic"
	"time"
)

// coldShare is what an item that starts slowly gets at first, of its weight.
const coldShare = 0.1

// warmth is the time in which a candidate starts slowly, by now.
type warmth struct{ began, over atomic.Int64 }

// share grows from coldShare to 1.
func (w *warmth) share(at int64) float64 {
	began, over := w.began.Load(), w.over.Load()
	if at >= over {
		return 1
	}
	return coldShare + (1-coldShare)*float64(at-began)/float64(over-began)
}

// warm lets those start slowly that have not served for as long as window, if they are at most half of the set.
func (s *set[T]) warm(window time.Duration) {
	at := now()
	cold := make([]*Candidate, 0, len(s.candidates))
	for _, c := range s.candidates {
		if at-c.since >= int64(window) {
			c.caution.And(^uint32(warming))
			continue
		}
		if c.warmth.over.Load() == 0 {
			c.warmth.began.Store(c.since)
			c.warmth.over.Store(c.since + int64(window))
		}
		cold = append(cold, c)
	}
	few := 2*len(cold) <= len(s.candidates)
	for _, c := range cold {
		if few {
			c.caution.Or(warming)
		} else {
			c.caution.And(^uint32(warming))
		}
	}
}
