package transport

import (
	"slices"
	"time"

	"github.com/grapevine-go/grapevine/cluster/internal/rate"
)

// mostSenders is how many senders without a message a lane remembers, for what they have spent.
const mostSenders = 1024

// turns are the queues of a lane by sender, which are served round robin. It is not safe for concurrent use.
type turns struct {
	senders map[string]*sender
	ring    []*sender // those with messages; the first is next
	count   int       // messages
}

// sender is what waits of one sender, and what it has spent of its limit.
type sender struct {
	queue []delivery
	meter rate.Meter
}

func newTurns() *turns { return &turns{senders: make(map[string]*sender)} }

// add adds a message. Where there are most already, it returns the one that is lost instead: the newest of the sender that
// has most.
func (t *turns) add(d delivery, most int) (lost delivery, full bool) {
	key := d.from.sender()
	s := t.senders[key]
	if s == nil {
		t.tidy()
		s = new(sender)
		t.senders[key] = s
	}
	if t.count >= most {
		longest := s
		for _, other := range t.ring {
			if len(other.queue) > len(longest.queue) {
				longest = other
			}
		}
		if longest == s {
			return d, true
		}
		lost, full = t.drop(longest), true
	}
	if len(s.queue) == 0 {
		t.ring = append(t.ring, s)
	}
	s.queue = append(s.queue, d)
	t.count++
	return lost, full
}

// drop takes the newest message of a sender that has more than one, or is to have none.
func (t *turns) drop(s *sender) (lost delivery) {
	last := len(s.queue) - 1
	lost, s.queue[last] = s.queue[last], delivery{}
	s.queue = s.queue[:last]
	t.count--
	if last == 0 {
		t.ring = slices.DeleteFunc(t.ring, func(other *sender) bool { return other == s })
	}
	return lost
}

// take returns the oldest message of the first sender that owes nothing, whose turn then comes last. Otherwise it returns how
// long it is until a sender owes nothing, 0 where no message waits.
func (t *turns) take(owes func(*sender) time.Duration) (d delivery, wait time.Duration, ok bool) {
	for i, s := range t.ring {
		if left := owes(s); left > 0 {
			if wait == 0 || left < wait {
				wait = left
			}
			continue
		}
		d, s.queue[0] = s.queue[0], delivery{}
		s.queue = s.queue[1:]
		t.count--
		t.ring = slices.Delete(t.ring, i, i+1)
		if len(s.queue) > 0 {
			t.ring = append(t.ring, s)
		} else {
			s.queue = nil
		}
		return d, 0, true
	}
	return d, wait, false
}

// tidy forgets senders that have no message once there are too many.
func (t *turns) tidy() {
	if len(t.senders) < mostSenders+len(t.ring) {
		return
	}
	for key, s := range t.senders {
		if len(s.queue) == 0 {
			delete(t.senders, key)
		}
	}
}
