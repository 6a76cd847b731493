package transport

import (
	"context"
	"errors"
	"sync"
)

const (
	// mostUnproven is how many dials to unproven addresses may be under way at a time.
	mostUnproven = 64

	// mostHearsay is how many of them others may cause.
	mostHearsay = 34

	// mostSeeking is how many of them are for seeds alone, as many as a round of seeds has under way.
	// leastItself is how many this process may always have for everything else that it chose itself,
	// such as probes.
	mostSeeking = 22
	leastItself = 8
)

// Causes of dials that nobody else asked for. No member has such a name.
const (
	itself  = ""
	seeking = " seeds"
)

// errBusy ends a dial for which no slot was free. It is no evidence about the peer.
var errBusy = errors.New("transport: too many dials to unproven addresses are under way")

// dialSlots bounds the dials to addresses where no member has proven itself. A cause is the name of
// the member that caused a dial. It may hold as many slots as are free (the dynamic threshold of
// Choudhury and Hahne, 1998): a liar that dials tarpits leaves half of them to others, and n liars
// leave one part in n+1.
type dialSlots struct {
	mu    sync.Mutex
	held  map[string]int
	taken int           // by all causes
	freed chan struct{} // closed when a slot is given back; nil while nobody waits
}

// tryTake takes a slot for a cause, if it may have one more.
func (d *dialSlots) tryTake(cause string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.takeLocked(cause)
}

func (d *dialSlots) takeLocked(cause string) bool {
	if !d.mayTake(cause) {
		return false
	}
	if d.held == nil {
		d.held = make(map[string]int)
	}
	d.held[cause]++
	d.taken++
	return true
}

// mayTake reports whether a cause may have one more slot.
func (d *dialSlots) mayTake(cause string) bool {
	held := d.held[cause]
	switch cause {
	case seeking:
		return held < mostSeeking
	case itself:
		free := d.common()
		return held < free || held < leastItself && free > 0
	}
	return held < d.left()
}

// common is how many slots are free apart from those for seeds.
func (d *dialSlots) common() int {
	return mostUnproven - mostSeeking - (d.taken - d.held[seeking])
}

// left is how many of them others may cause.
func (d *dialSlots) left() int {
	return min(d.common(), mostHearsay-(d.taken-d.held[seeking]-d.held[itself]))
}

// open reports whether a cause that holds no slot may take one.
func (d *dialSlots) open() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.left() > 0
}

// take waits for a slot until ctx is done.
func (d *dialSlots) take(ctx context.Context, cause string) bool {
	for {
		d.mu.Lock()
		if d.takeLocked(cause) {
			d.mu.Unlock()
			return true
		}
		if d.freed == nil {
			d.freed = make(chan struct{})
		}
		freed := d.freed
		d.mu.Unlock()
		select {
		case <-freed:
		case <-ctx.Done():
			return false
		}
	}
}

func (d *dialSlots) free(cause string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.taken--
	if d.held[cause]--; d.held[cause] == 0 {
		delete(d.held, cause)
	}
	if d.freed != nil {
		close(d.freed)
		d.freed = nil
	}
}
