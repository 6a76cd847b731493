package transport

import (
	"os"
	"sync"
	"time"
)

const (
	mostRoom  = 1 << 20    // bytes of one member that may be in flight: read from its streams, and not handled
	mostRooms = 64 << 20   // and of all members together
	leastRoom = MaxMessage // that a member may have in flight beside those: others cannot take it
)

// room bounds what is in flight from one member, whichever boots it says that it is.
type room struct {
	rooms *rooms // nil for one without others

	mu    sync.Mutex
	used  int
	freed chan struct{} // closed when some is given back; nil when nobody waits
}

// rooms bounds what is in flight from all members together.
type rooms struct {
	mu    sync.Mutex
	used  int
	freed chan struct{} // closed when some is given back; nil when nobody waits
}

// take waits until there is room for size bytes. It gives none once closing is closed, or after until, unless that is zero.
func (r *room) take(size int, closing <-chan struct{}, until time.Time) error {
	var late <-chan time.Time
	if !until.IsZero() {
		timer := time.NewTimer(time.Until(until))
		defer timer.Stop()
		late = timer.C
	}
	for {
		freed, ok := r.tryTake(size)
		if ok {
			return nil
		}
		select {
		case <-freed:
		case <-closing:
			return ErrClosed
		case <-late:
			return os.ErrDeadlineExceeded
		}
	}
}

// tryTake takes room, or returns a channel that is closed when there may be some.
func (r *room) tryTake(size int) (freed <-chan struct{}, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.used+size > mostRoom {
		return awaitFreed(&r.freed), false
	}
	if freed, ok = r.rooms.tryTake(shared(r.used+size) - shared(r.used)); ok {
		r.used += size
	}
	return freed, ok
}

func (r *room) give(size int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rooms.give(shared(r.used) - shared(r.used-size))
	r.used -= size
	wake(&r.freed)
}

// shared is how much of a member's room counts to that of all.
func shared(used int) int { return max(0, used-leastRoom) }

func (r *rooms) tryTake(size int) (freed <-chan struct{}, ok bool) {
	if r == nil || size == 0 {
		return nil, true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.used+size > mostRooms {
		return awaitFreed(&r.freed), false
	}
	r.used += size
	return nil, true
}

func (r *rooms) give(size int) {
	if r == nil || size == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.used -= size
	wake(&r.freed)
}

func awaitFreed(freed *chan struct{}) <-chan struct{} {
	if *freed == nil {
		*freed = make(chan struct{})
	}
	return *freed
}

func wake(freed *chan struct{}) {
	if *freed != nil {
		close(*freed)
		*freed = nil
	}
}
