package cluster

import (
	"errors"
	"math/rand" // of the first version, as memberlist: a test can seed both together
	"sync"
	"sync/atomic"
	"time"

	"github.com/grapevine-go/grapevine/cluster/internal/aged"
	"github.com/grapevine-go/grapevine/cluster/internal/rate"
	"github.com/grapevine-go/grapevine/cluster/internal/slots"
)

const (
	firstRejoin   = 200 * time.Millisecond // between attempts while a seed is no member, as one beyond a cut; doubles with each
	slowestRejoin = 10 * time.Second
	seedCheck     = 20 * time.Second // between attempts otherwise
	lookupTimeout = 5 * time.Second
	mostSeedDials = 8                      // at a time, of seeds alone
	mostDials     = 8                      // at a time, of all other addresses
	mostJoins     = 8                      // at a time, with members that were identified
	joinPatience  = 250 * time.Millisecond // after which a join makes room for another

	watchPause  = time.Second      // between two looks at whether a file of seeds has changed
	shunFor     = 10 * time.Minute // for which an address is not dialled where another cluster is
	mostShunned = 1024             // such addresses
)

// reach keeps this member in touch with its cluster, for as long as it lives: with its seeds, for which it asks its providers
// at every attempt; with members that it lost; and with those that a file remembers. It joins each member that it finds, so that
// both sides hear of all that the other knows, and of all that it takes for dead, which then refute. That ends a partition: a
// member beyond the cut was given up, and need not know.
type reach struct {
	node      *Node
	providers []SeedProvider
	tried     chan struct{} // closed when an attempt has found nobody
	triedOnce sync.Once
	woken     chan struct{} // holds a token while run may have to look again
	seedDials slots.Slots
	dials     slots.Slots
	joins     slots.Slots
	searches  slots.Slots
	toldTries slots.Slots

	mu       sync.Mutex
	missing  *missing
	searched rate.Meter
	turn     int                        // of the searches
	dialled  map[string]bool            // addresses that are being dialled, and members that are being joined
	shunned  *aged.Map[string, shunned] // addresses that are not dialled for some time
	first    []string                   // remembered, to be dialled at the start
	next     time.Time                  // of the next attempt
	trying   bool                       // an attempt is under way
	failures int                        // attempts in a row that nobody answered
	backoff  time.Duration
	stamps   string // of the providers that are watched, at the last attempt

	unanswered atomic.Bool // the last attempt had no answer, and was logged
}

func newReach(n *Node, providers []SeedProvider, remembered []string) *reach {
	r := &reach{
		node: n, providers: providers, first: remembered, backoff: firstRejoin,
		tried: make(chan struct{}), woken: make(chan struct{}, 1),
		seedDials: make(slots.Slots, mostSeedDials), dials: make(slots.Slots, mostDials), joins: make(slots.Slots, mostJoins),
		searches: make(slots.Slots, mostSearches), toldTries: make(slots.Slots, mostToldTries),
		dialled: make(map[string]bool), shunned: aged.New[string, shunned](mostShunned), missing: newMissing(),
	}
	for _, address := range remembered {
		r.missing.remember(address, time.Now())
	}
	r.missing.hold = len(remembered) > 0
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
	if r.missing.len() > 0 {
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

// attempt dials all seeds that are no living members, and schedules the next attempt. Where there is
// no seed, the remembered addresses take their place at the start.
func (r *reach) attempt() {
	memory := make(chan bool, 1)
	if first := r.takeFirst(); len(first) == 0 || !r.node.spawn(func() { r.tryRemembered(first, memory) }) {
		memory <- false
	}
	seeds, answered, unknown, failed := r.trySeeds()
	if seeds == 0 {
		answered = <-memory
	}
	nobody := !answered && unknown == nil && (seeds == 0 || failed == nil)
	if nobody { // to ask: every seed is this node itself, or a member
		r.node.catchUp.nobody()
		r.node.name.synced()
	}
	wait := r.schedule(!nobody && (seeds > 0 || unknown != nil), answered || nobody)
	if answered || r.node.push.count() > 0 {
		r.answersAgain()
	}
	err := errors.Join(unknown, failed)
	if err == nil || answered {
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

// schedule ends an attempt and returns how long it is until the next. missing reports whether there
// are seeds beside the members, answered whether one of them answered.
func (r *reach) schedule(missing, answered bool) (wait time.Duration) {
	defer r.wake()
	r.mu.Lock()
	defer r.mu.Unlock()
	wait = seedCheck
	if missing {
		wait, r.backoff = r.backoff, min(2*r.backoff, slowestRejoin)
	} else {
		r.backoff = firstRejoin
	}
	if r.failures++; answered {
		r.failures = 0
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
