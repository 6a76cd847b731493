package transport

import (
	"math"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/grapevine-go/grapevine/cluster/internal/aged"
)

// The processor time of handshakes is bounded by shares, over all addresses: a share of strangers, and one of the hosts where
// a member has authenticated, which strangers elsewhere cannot use up. What this member dials is bounded in number alone.
const (
	strangers = iota
	members
	dialled
	shares
)

const (
	// failedWork is how much of one core the handshakes of a share may cost that do not end well.
	// Those that do cost nothing, so a mass join is not slowed down.
	failedWork = 0.05

	failedAtOnce = 250 * time.Millisecond // of processor time: handshakes under way count until they end well
	longestTurn  = 100 * time.Millisecond // then a turn that still goes on, as in a callback, makes room for another
	mostMeasured = 20 * time.Millisecond  // of one turn: where time on the clock stands in, others may have run meanwhile

	// failedConnection is what a connection costs beside its handshake: to accept it, to read from it, to close it.
	failedConnection = 50 * time.Microsecond

	// refusedFrom is the debt from which on a stranger's host waits until the share has something left.
	refusedFrom = 2 * time.Millisecond

	// innocentBelow is the debt of a handshake that failed by chance.
	innocentBelow = 500 * time.Microsecond

	debtHalfLife = time.Minute
	mostDebts    = 4096 // hosts whose debts are remembered; one more evicts the oldest
)

// budget lets handshakes compute in turns. The next turn is that of the host whose handshakes have cost least for nothing, so
// that a newcomer does not wait behind a flood. Hosts that are equal are first come, first served.
type budget struct {
	mu     sync.Mutex
	shares [shares]share
	debts  *aged.Map[netip.Addr, *debt]
}

// share is guarded by the lock of its budget.
type share struct {
	most    int     // turns at a time
	rate    float64 // of failed work, as a part of one core; 0 for any
	spent   time.Duration
	at      time.Time // when spent was right
	running []*effort
	waiting []*effort // the first to come is first
	wake    *time.Timer
}

// debt is what the handshakes of a host have cost for nothing.
type debt struct {
	spent time.Duration
	at    time.Time
}

func (b *budget) init(processors int) {
	b.debts = aged.New[netip.Addr, *debt](mostDebts)
	b.shares[strangers] = share{most: max(1, processors/2), rate: failedWork}
	b.shares[members] = share{most: processors, rate: failedWork}
	b.shares[dialled] = share{most: processors}
}

// effort is the work on one handshake. Its methods are called by the goroutine of the handshake.
type effort struct {
	budget *budget
	share  int
	host   netip.Addr
	until  time.Time // of the handshake

	// Guarded by the lock of the budget.
	spent time.Duration
	began time.Time
	turn  chan struct{} // closed when it is this effort's turn

	clock    stopwatch
	computes bool
}

// effort begins the work on a handshake of a host, which ends at until.
func (b *budget) effort(share int, host netip.Addr, until time.Time) *effort {
	return &effort{budget: b, share: share, host: host, until: until}
}

// resume waits for a turn to compute. It returns false once the handshake is over, or canceled is closed.
func (e *effort) resume(canceled <-chan struct{}) bool {
	if e.computes {
		return true
	}
	if !e.budget.enter(e) {
		timer := time.NewTimer(time.Until(e.until))
		defer timer.Stop()
		select {
		case <-e.turn:
		case <-canceled:
			return e.budget.withdraw(e)
		case <-timer.C:
			return e.budget.withdraw(e)
		}
	}
	e.computes, e.clock = true, startClock()
	return true
}

// pause ends a turn.
func (e *effort) pause() {
	if e.computes {
		e.computes = false
		e.budget.leave(e, min(e.clock.elapsed(), mostMeasured))
	}
}

// end ends the work. A handshake that ended well has cost nothing.
func (e *effort) end(well bool) {
	e.pause()
	if well {
		e.budget.refund(e)
	} else {
		e.budget.leave(e, failedConnection)
	}
}

// refuses reports whether a host may begin no handshake now: its share is used up, and the host has a part in that.
func (b *budget) refuses(share int, host netip.Addr) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	now, s := time.Now(), &b.shares[share]
	s.refill(now)
	return share == strangers && s.spent > failedAtOnce && b.owed(host, now) > refusedFrom
}

// debtor returns the place of the connection whose host owes most, -1 for none that owes more than that of c. A host that owes
// something itself takes nobody's place.
func (b *budget) debtor(conns []*pending, c *pending) (at int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	at = -1
	now := time.Now()
	most := b.owed(c.host, now) + failedConnection
	if most > innocentBelow {
		return -1
	}
	for i, other := range conns {
		if owed := b.owed(other.host, now); owed > most {
			at, most = i, owed
		}
	}
	return at
}

// enter begins a turn if one is free, and puts the effort in the queue otherwise.
func (b *budget) enter(e *effort) (now bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e.turn = make(chan struct{})
	s := &b.shares[e.share]
	s.waiting = append(s.waiting, e)
	b.dispatch(s, time.Now())
	return slices.Contains(s.running, e)
}

// withdraw ends the wait for a turn, and returns false.
func (b *budget) withdraw(e *effort) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := &b.shares[e.share]
	s.waiting = without(s.waiting, e)
	s.running = without(s.running, e)
	b.dispatch(s, time.Now())
	return false
}

func (b *budget) leave(e *effort, cost time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now, s := time.Now(), &b.shares[e.share]
	s.running = without(s.running, e)
	s.refill(now)
	if s.rate > 0 && cost > 0 {
		s.spent += cost
		e.spent += cost
		b.charge(e.host, cost, now)
	}
	b.dispatch(s, now)
}

func (b *budget) refund(e *effort) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now, s := time.Now(), &b.shares[e.share]
	s.refill(now)
	s.spent = max(0, s.spent-e.spent)
	b.charge(e.host, -e.spent, now)
	e.spent = 0
	b.dispatch(s, now)
}

// dispatch begins the turns that may begin. It is called with the lock held.
func (b *budget) dispatch(s *share, now time.Time) {
	s.refill(now)
	for len(s.waiting) > 0 {
		if wait := s.busyFor(now); wait > 0 {
			s.wakeAfter(wait, func() {
				b.mu.Lock()
				defer b.mu.Unlock()
				b.dispatch(s, time.Now())
			})
			return
		}
		e := b.next(s, now)
		s.waiting = without(s.waiting, e)
		s.running = append(s.running, e)
		e.began = now
		close(e.turn)
	}
}

// next returns the effort whose host owes least, apart from what it has cost itself. It is called with the lock held.
func (b *budget) next(s *share, now time.Time) (first *effort) {
	var least time.Duration
	for _, e := range s.waiting {
		if owed := b.owed(e.host, now) - e.spent; first == nil || owed < least {
			first, least = e, owed
		}
	}
	return first
}

func (s *share) refill(now time.Time) {
	s.spent = max(0, s.spent-time.Duration(float64(now.Sub(s.at))*s.rate))
	s.at = now
}

// busyFor is how long it is until another turn may begin, unless one ends before.
func (s *share) busyFor(now time.Time) (wait time.Duration) {
	if s.rate > 0 && s.spent > failedAtOnce {
		wait = time.Duration(float64(s.spent-failedAtOnce)/s.rate) + time.Microsecond
	}
	under, first := 0, longestTurn
	for _, e := range s.running {
		if left := longestTurn - now.Sub(e.began); left > 0 {
			under, first = under+1, min(first, left)
		}
	}
	if under >= s.most {
		wait = max(wait, first)
	}
	return wait
}

func (s *share) wakeAfter(d time.Duration, do func()) {
	if s.wake != nil {
		s.wake.Stop()
	}
	s.wake = time.AfterFunc(d, do)
}

// owed is what a host's handshakes have cost for nothing. It is called with the lock held.
func (b *budget) owed(host netip.Addr, now time.Time) time.Duration {
	if d := b.debts.Get(host); d != nil {
		return time.Duration(float64(d.spent) * math.Exp2(-float64(now.Sub(d.at))/float64(debtHalfLife)))
	}
	return 0
}

// charge is called with the lock held.
func (b *budget) charge(host netip.Addr, cost time.Duration, now time.Time) {
	d := b.debts.Get(host)
	if d == nil {
		if cost <= 0 {
			return
		}
		d = new(debt)
		b.debts.Set(host, d)
	}
	d.spent, d.at = max(0, b.owed(host, now)+cost), now
	if d.spent == 0 {
		b.debts.Delete(host)
	}
}

func without(efforts []*effort, e *effort) []*effort {
	return slices.DeleteFunc(efforts, func(other *effort) bool { return other == e })
}

// stopwatch measures the processor time of a piece of work, or the time on the clock where that is shorter, or where the
// system does not tell.
type stopwatch struct {
	at  time.Time
	cpu time.Duration
}

func startClock() stopwatch { return stopwatch{time.Now(), threadTime()} }

func (s stopwatch) elapsed() time.Duration {
	onClock := time.Since(s.at)
	if cpu := threadTime() - s.cpu; cpu > 0 { // otherwise the work has moved to another thread
		return min(cpu, onClock)
	}
	return onClock
}
