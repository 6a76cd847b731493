package endpoint

import (
	"sync"
	"sync/atomic"
	"time"
)

// A retry costs 1000 thousandths, so that a share of a retry can be counted in integers.
const (
	retryCost    = 1000
	mostSaved    = 100 * retryCost
	freePerSec   = 3 // retries a second that need no saving
	freeInterval = time.Second / freePerSec
)

// budget bounds retries by a share of the calls, so that they cannot multiply the load of a service that fails. For hedges it
// is the same.
type budget struct {
	share int64        // thousandths that a call earns
	most  int64        // thousandths that are saved up
	extra bool         // whether some are free
	saved atomic.Int64 // thousandths

	mu   sync.Mutex
	free time.Time // when the next free retry is due; at most a second's worth is saved up
}

func newBudget(share float64) *budget {
	return &budget{share: int64(share * retryCost), most: mostSaved, extra: true}
}

// deposit is called once for each call.
func (b *budget) deposit() {
	if b.share > 0 && b.saved.Load() < b.most {
		b.saved.Add(b.share)
	}
}

// withdraw says whether one retry may be made.
func (b *budget) withdraw() bool {
	for saved := b.saved.Load(); saved >= retryCost; saved = b.saved.Load() {
		if b.saved.CompareAndSwap(saved, saved-retryCost) {
			return true
		}
	}
	return b.extra && b.withdrawFree()
}

func (b *budget) withdrawFree() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	if earliest := now.Add(-time.Second); b.free.Before(earliest) {
		b.free = earliest
	}
	if next := b.free.Add(freeInterval); !next.After(now) {
		b.free = next
		return true
	}
	return false
}
