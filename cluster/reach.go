package cluster

import (
	"errors"
	"math/rand" // of the first version, as memberlist: a test can seed both together
	"sync"
	"sync/atomic"
	"time"

	"github.com/grapevine-go/grapevine/cluster/internal/slots"
)

const (
	firstRejoin   = 200 * time.Millisecond // between attempts while a seed is no member, as one beyond a cut; doubles with each
	slowestRejoin = 10 * time.Second
	seedCheck     = 20 * time.Second // between attempts otherwise
	lookupTimeout = 5 * time.Second
	mostDials     = 16          // at a time
	dialPatience  = time.Second // after which an attempt no longer waits for a seed that is silent
	mostSearches  = 4           // at a time, of members that are missing: a host that is gone does not answer for long

	searchPause = 500 * time.Millisecond // between two dials of members that are missing: two a second, however many there are
	watchPause  = time.Second            // between two looks at whether a file of seeds has changed
	shunFor     = 10 * time.Minute       // for which an address is not dialled where another cluster is
)

// reach keeps this member in touch with its cluster, for as long as it lives: its seeds, whom it asks its providers for at
// every attempt; members that it lost; and those that a file remembers. Whoever is found is joined, so that both sides hear
// of all whom the other knows, and of all whom it takes for dead and who have to contradict. That is what ends a partition:
// a member beyond the cut was given up, and need not know.
type reach struct {
	node      *Node
	providers []SeedProvider
	tried     chan struct{} // closed when an attempt has found nobody
	triedOnce sync.Once
	woken     chan struct{} // holds a token while run may have to look again
	dials     slots.Slots
	searches  slots.Slots

	mu      sync.Mutex
	missing missing
	lately  bool               // whether the next search is for the one that was lost last
	dialled map[string]bool    // addresses that are being dialled
	shunned map[string]shunned // addresses that are not dialled for some time
	first   []string           // remembered, to be dialled with the seeds at the start
	next    time.Time          // of the next attempt
	trying  bool               // an attempt is under way
	backoff time.Duration
	stamps  string // of the providers that are watched, at the last attempt

	unanswered atomic.Bool // the last attempt had no answer, and was logged
}

func newReach(n *Node, providers []SeedProvider, remembered []string) *reach {
	r := &reach{
		node: n, providers: providers, first: remembered, backoff: firstRejoin,
		tried: make(chan struct{}), woken: make(chan struct{}, 1),
		dials: make(slots.Slots, mostDials), searches: make(slots.Slots, mostSearches),
		dialled: make(map[string]bool), shunned: make(map[string]shunned), missing: make(missing),
	}
	for _, address := range remembered {
		r.missing.add(identity{}, address, time.Now())
	}
	return r
}

// run is the loop. It starts attempts and dials, and waits for none of them.
func (r *reach) run() {
	for {
		if r.attemptDue() {
			r.node.spawn(r.attempt)
		}
		r.search()
		select {
		case <-time.After(r.wait()):
		case <-r.woken:
		case <-r.node.ctx.Done():
			return
		}
	}
}

// jitter keeps members that were disturbed together from returning as a herd: half to one and a half of d.
func jitter(d time.Duration) time.Duration { return d/2 + time.Duration(rand.Int63n(int64(d))) }

func (r *reach) wake() {
	putToken(r.woken)
}

// wait is until there may be something to do again.
func (r *reach) wait() time.Duration {
	stamps := r.stampsNow() != ""
	r.mu.Lock()
	defer r.mu.Unlock()
	wait := seedCheck
	if len(r.missing) > 0 {
		wait = searchPause
	}
	if stamps {
		wait = min(wait, watchPause)
	}
	wait = jitter(wait)
	if !r.trying { // whose time has its jitter already
		wait = min(wait, time.Until(r.next))
	}
	return max(wait, time.Millisecond)
}

// attemptDue begins an attempt if its time has come, or a file of seeds has changed.
func (r *reach) attemptDue() bool {
	stamps := r.stampsNow()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.trying || time.Now().Before(r.next) && stamps == r.stamps {
		return false
	}
	r.trying, r.stamps = true, stamps
	return true
}

// stampsNow differs once a provider that can be watched has changed.
func (r *reach) stampsNow() (stamps string) {
	for _, provider := range r.providers {
		if file, ok := provider.(watched); ok {
			stamps += file.stamp() + "\n"
		}
	}
	return stamps
}

// attempt dials all seeds that are no living members, at once, and schedules the next attempt.
func (r *reach) attempt() {
	seeds, err := r.seeds()
	answered, failed := r.tryAll(append(seeds, r.takeFirst()...))
	nobody := !answered && err == nil && (len(seeds) == 0 || failed == nil)
	if nobody { // to ask: every seed is this node itself, or a member
		r.node.catchUp.nobody()
		r.node.name.synced()
	}
	wait := r.schedule(!nobody && (len(seeds) > 0 || err != nil))
	if answered || r.node.push.count() > 0 {
		r.answersAgain()
	}
	if err = errors.Join(err, failed); err == nil || answered {
		return
	}
	r.triedOnce.Do(func() { close(r.tried) })
	if r.node.push.count() == 0 && r.node.ctx.Err() == nil {
		r.node.ready.failed(err)
		r.noAnswer(err, wait)
	}
}

// noAnswer logs an attempt without an answer.
func (r *reach) noAnswer(err error, wait time.Duration) {
	r.unanswered.Store(true)
	r.node.log.Warn().Err(err).Stringer("retry_in", wait.Round(time.Millisecond)).
		Msg("cluster: no seed answers: trying again")
}

// answersAgain logs the end of that.
func (r *reach) answersAgain() {
	if r.unanswered.Swap(false) {
		r.node.log.Info().Msg("cluster: seeds answer again")
	}
}

// schedule ends an attempt and returns how long it is until the next.
func (r *reach) schedule(missing bool) (wait time.Duration) {
	defer r.wake()
	r.mu.Lock()
	defer r.mu.Unlock()
	wait = seedCheck
	if missing {
		wait, r.backoff = r.backoff, min(2*r.backoff, slowestRejoin)
	} else {
		r.backoff = firstRejoin
	}
	wait = jitter(wait)
	r.trying, r.next = false, time.Now().Add(wait)
	return wait
}

func (r *reach) takeFirst() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	first := r.first
	r.first = nil
	return first
}

// search dials a missing member, if it is time again: by turns the one that was looked for longest ago, and of those the one
// that was lost last, so that the end of a partition is noticed in time also by who looks for hundreds that are gone for good.
func (r *reach) search() {
	if !r.searches.TryTake() {
		return
	}
	r.mu.Lock()
	take := r.missing.due
	if r.lately = !r.lately; r.lately {
		take = r.missing.dueLately
	}
	address, due := take(time.Now())
	r.mu.Unlock()
	begun := due && r.node.spawn(func() {
		defer r.searches.Free()
		_, _ = r.try(address) // it is tried again
	})
	if !begun {
		r.searches.Free()
	}
}

// miss starts to look for a member.
func (r *reach) miss(id identity, address string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.missing.add(id, address, time.Now())
	r.wake()
}

// lose starts to look for a member that this one has lost.
func (r *reach) lose(id identity, address string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.missing.lose(id, address, time.Now())
	r.wake()
}

// lost reports whether a boot was lost and has not answered since.
func (r *reach) lost(id identity) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.missing.isLost(id)
}

// found ends it: the member is back, as it was or with a newer boot, or another one has its address.
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
