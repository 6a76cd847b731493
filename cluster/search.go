package cluster

import (
	"sync"
	"time"

	"github.com/grapevine-go/grapevine/cluster/internal/rate"
)

const (
	mostSearches  = 4           // dials at a time, of members that are missing: a host that is gone is silent for long
	mostToldTries = 2           // of them, of hearsay
	toldPatience  = time.Second // with hearsay

	searchPause = 500 * time.Millisecond // between two dials: two a second, however many are missing
)

// searchLimit holds also where each of many losses wakes the search.
var searchLimit = rate.Limit{AtOnce: 4, EachSecond: float64(time.Second / searchPause)}

// search dials a missing member, if it is time again.
func (r *reach) search() {
	if !r.searches.TryTake() {
		return
	}
	address, hearsay, due := r.nextSearch(time.Now())
	patience := streamTimeout
	if hearsay {
		patience = toldPatience
	}
	begun := due && r.node.spawn(func() {
		defer r.searches.Free()
		if hearsay {
			defer r.toldTries.Free()
		}
		if r.dials.Take(r.node.ctx) {
			_, _ = r.try(address, r.node.transport.Identify, sync.OnceFunc(r.dials.Free), patience) // it is tried again
		}
	})
	if !begun {
		r.searches.Free()
		if hearsay && due {
			r.toldTries.Free()
		}
	}
}

// nextSearch returns the address to search next. Every second turn is for hearsay, which also takes
// a slot of toldTries. The others are by turns for the address that was searched longest ago, and
// for the member that was lost last, so that a node notices the end of a partition in time while it
// searches for hundreds that are gone for good.
func (r *reach) nextSearch(now time.Time) (address string, hearsay, due bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.missing.len() == 0 || !r.searched.Pass(searchLimit, now) {
		return "", false, false
	}
	turn := r.turn % 4
	r.turn++
	if turn%2 == 1 && r.toldTries.TryTake() {
		if address, due = r.missing.dueTold(now); due {
			return address, true, true
		}
		r.toldTries.Free()
	}
	take := r.missing.due
	if turn == 0 || turn == 3 {
		take = r.missing.dueLately
	}
	address, due = take(now)
	return address, false, due
}

// miss searches for a member that this node knows by hearsay alone.
func (r *reach) miss(id identity, address, teller string) {
	if !dialable(address, r.node.address.Addr()) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.missing.tell(id, address, teller, time.Now())
	r.wake()
}

// lose searches for a member that this node has lost. proven reports whether it proved itself at the address.
func (r *reach) lose(id identity, address string, proven bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.missing.lose(id, address, lost, proven, time.Now())
	r.wake()
}

// lost reports whether a boot was lost and has not answered since.
func (r *reach) lost(id identity) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.missing.isLost(id)
}

// met ends the search for a name that has given a sign of life, as it was or with a newer boot. What
// it says of its address is no reason to search less there.
func (r *reach) met(id identity) { r.found(id, "") }

// found ends the search for a member that has answered at an address, and for the member that was there
// before.
func (r *reach) found(id identity, address string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.missing.found(id, address)
}

// parted ends it for a boot whose goodbye came late.
func (r *reach) parted(id identity) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.missing.parted(id)
}
