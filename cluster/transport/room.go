package transport

import (
	"os"
	"sync"
	"time"
)

// mostRoom is how many bytes of one peer's may be in flight: read from its streams, and not dealt with.
const mostRoom = 1 << 20

// room bounds what is in flight from one peer.
type room struct {
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

func (r *room) tryTake(size int) (freed <-chan struct{}, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.used+size <= mostRoom {
		r.used += size
		return nil, true
	}
	if r.freed == nil {
		r.freed = make(chan struct{})
	}
	return r.freed, false
}

func (r *room) give(size int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.used -= size
	if r.freed != nil {
		close(r.freed)
		r.freed = nil
	}
}
