package transport

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"github.com/grapevine-go/grapevine/cluster/internal/aged"
	"github.com/grapevine-go/grapevine/cluster/internal/rate"
)

const (
	mostIntroduced = 1024 // newcomers of one member that wait for their turn
	mostJoined     = 8192 // and those of the answer to a push/pull that this process began
	mostWaitingAll = 8192 // of all members; beyond it, those of the member with the most have to go
	mostCauses     = 4096 // members that are remembered because they named somebody

	verifyTimeout = 2 * time.Second // of a dial: a member answers within milliseconds, or three round trips of a slow link
	retryAfter    = 5 * time.Second // at an address where somebody did not prove itself nobody is looked for again before
	mostFailed    = 4096            // that are remembered for it; one more evicts the oldest
)

// How many of the newcomers that a member named, and that all named together, may fail to prove
// themselves. Those that do prove themselves are not limited: a cluster of any size can be joined.
var (
	failures    = rate.Limit{AtOnce: 512, EachSecond: 8}
	allFailures = rate.Limit{AtOnce: 4096, EachSecond: 128}
)

// newcomer is a member that others report. memberlist hears of it once it has proven its address.
type newcomer struct {
	id    string
	at    netip.AddrPort
	alive []byte // the message for memberlist
	by    string // the name of the member that told of it: its own, or another's
}

// newcomerKey is what is to be proven.
type newcomerKey struct {
	id string
	at netip.AddrPort
}

// toldKey is that and who told of it. Each has its own place in the queue of each member that tells
// of it, so that a liar cannot hold up a newcomer by telling of it first.
type toldKey struct {
	newcomerKey
	by string
}

func (n *newcomer) key() newcomerKey { return newcomerKey{n.id, n.at} }
func (n *newcomer) told() toldKey    { return toldKey{n.key(), n.by} }

// newcomers holds hearsay until it is proven. Those that tell of newcomers take turns, and each
// verification takes one of the slots of dials to unproven addresses.
type newcomers struct {
	mu     sync.Mutex
	causes map[string]*cause
	turns  []*cause // those with something in their queue, the next first
	queued map[toldKey]bool
	asked  map[newcomerKey]bool                 // that are being verified
	failed *aged.Map[netip.AddrPort, time.Time] // addresses where somebody did not prove itself
	all    rate.Meter                           // of failures
}

// cause is a member that told of others.
type cause struct {
	name     string
	queue    []*newcomer
	failures rate.Meter
	at       time.Time // when it told of somebody last
}

// add queues a newcomer for verification, unless its sender has told of too many.
func (s *newcomers) add(t *Transport, n *newcomer, most int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	c := s.cause(n.by, now)
	if c == nil || s.queued[n.told()] {
		return
	}
	if len(c.queue) >= most || s.pauses(n, now) || !s.makeRoom(c) {
		t.stats.hearsay.Add(1)
		return
	}
	if s.queued == nil {
		s.queued, s.asked = make(map[toldKey]bool), make(map[newcomerKey]bool)
	}
	s.queued[n.told()] = true
	if c.queue = append(c.queue, n); len(c.queue) == 1 {
		s.turns = append(s.turns, c)
	}
	s.startLocked(t)
}

// cause returns the record of a member that tells of others, nil if there is no room for one more.
func (s *newcomers) cause(name string, now time.Time) *cause {
	c := s.causes[name]
	if c == nil {
		if s.causes == nil {
			s.causes = make(map[string]*cause)
		}
		for other, one := range s.causes {
			if len(s.causes) < mostCauses || len(s.turns) >= mostCauses { // there is room, or none has an empty queue
				break
			}
			if len(one.queue) == 0 {
				delete(s.causes, other)
			}
		}
		if len(s.causes) >= mostCauses {
			return nil
		}
		c = &cause{name: name}
		s.causes[name] = c
	}
	c.at = now
	return c
}

// pauses reports whether somebody failed at that address just now, or the sender told of too many
// that did. A member that tells of itself does not wait for what others told.
func (s *newcomers) pauses(n *newcomer, now time.Time) bool {
	own := nameOf(n.id) == n.by
	if s.failed != nil {
		if at, ok := s.failed.Find(n.at); ok && !own && now.Sub(at) < retryAfter {
			return true
		}
	}
	probe := s.causes[n.by].failures // a copy: nothing has failed yet
	if !probe.Pass(failures, now) {
		return true
	}
	probe = s.all
	return !own && !probe.Pass(allFailures, now)
}

// makeRoom drops the last newcomer of the longest queue if there is no room for one more of c. It reports
// whether there is room now.
func (s *newcomers) makeRoom(c *cause) bool {
	if len(s.queued) < mostWaitingAll {
		return true
	}
	longest := c
	for _, other := range s.turns {
		if len(other.queue) > len(longest.queue) {
			longest = other
		}
	}
	last := len(longest.queue) - 1
	if longest == c || last < 1 {
		return false
	}
	delete(s.queued, longest.queue[last].told())
	longest.queue = longest.queue[:last]
	return true
}

// startLocked verifies newcomers of the members whose turn it is, for as long as there are slots.
func (s *newcomers) startLocked(t *Transport) {
	for skipped := 0; skipped < len(s.turns) && t.dialSlots.open(); {
		c := s.turns[0]
		s.turns = s.turns[1:]
		if !t.dialSlots.tryTake(c.name) {
			s.turns, skipped = append(s.turns, c), skipped+1
			continue
		}
		n := c.queue[0]
		if c.queue = c.queue[1:]; len(c.queue) > 0 {
			s.turns = append(s.turns, c)
		}
		delete(s.queued, n.told())
		if skipped = 0; s.asked[n.key()] || s.pauses(n, time.Now()) { // the answer is the same for each teller
			t.dialSlots.free(c.name)
			continue
		}
		s.asked[n.key()] = true
		if !t.spawn(func() { s.introduce(t, n) }) {
			t.dialSlots.free(c.name)
			return
		}
	}
}

// introduce tells memberlist of a newcomer that has proven itself. It holds a slot.
func (s *newcomers) introduce(t *Transport, n *newcomer) {
	defer s.end(t, n)
	if t.provesItself(n) {
		select {
		case t.packets <- &Packet{Buf: n.alive, From: net.UDPAddrFromAddrPort(n.at), Timestamp: time.Now()}:
		case <-t.ctx.Done():
		}
	}
}

// begin takes a slot for a newcomer that told of itself, and is waited for.
func (s *newcomers) begin(t *Transport, n *newcomer) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	return s.cause(n.by, now) != nil && !s.pauses(n, now) && t.dialSlots.tryTake(n.by)
}

// end frees the slot, and begins the next verification.
func (s *newcomers) end(t *Transport, n *newcomer) {
	t.dialSlots.free(n.by)
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.asked, n.key())
	s.startLocked(t)
}

// start begins verifications after a slot became free.
func (s *newcomers) start(t *Transport) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.startLocked(t)
}

// fail remembers that a newcomer did not prove itself. Where another member is instead, others may
// tell of that one at once.
func (s *newcomers) fail(n *newcomer, another bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if c := s.causes[n.by]; c != nil {
		c.failures.Pass(failures, now)
	}
	if nameOf(n.id) != n.by {
		s.all.Pass(allFailures, now)
	}
	if another {
		return
	}
	if s.failed == nil {
		s.failed = aged.New[netip.AddrPort, time.Time](mostFailed)
	}
	s.failed.Set(n.at, now)
}

// sweep begins verifications that waited for a slot, and forgets members that told of nobody recently.
func (s *newcomers) sweep(t *Transport, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, c := range s.causes {
		if len(c.queue) == 0 && now.Sub(c.at) > 2*time.Minute {
			delete(s.causes, name)
		}
	}
	s.startLocked(t)
}

// provesItself reports whether a member is where it is said to be. One with which this process has keys
// answers a datagram there; another is dialled.
func (t *Transport) provesItself(n *newcomer) bool {
	address := n.at.String()
	if t.knows(n.id, n.at) {
		return true
	}
	if t.answers(n.id, address) {
		return true
	}
	err := t.answersDial(n.id, address)
	if err == nil {
		return true
	}
	var refused *RefusedError
	errors.As(err, &refused)
	if t.ctx.Err() == nil {
		t.stats.hearsay.Add(1)
		t.newcomers.fail(n, refused != nil && refused.Reason == ReasonName)
	}
	if t.absent != nil && (refused != nil || errors.Is(err, syscall.ECONNREFUSED)) {
		t.absent(n.id)
	}
	return false
}

// answers asks a member by datagram, under the keys of the pair. Where nothing is sealed it is
// pinged by name.
func (t *Transport) answers(id, address string) bool {
	to := Address{Addr: address, Name: id}
	if t.identity == nil {
		return t.pinged(to)
	}
	known := t.book.known(id)
	if known == nil || known.session() == nil {
		return false
	}
	q := question{
		opened: func() { known.opened(small) }, pause: t.lag.Stretch(verifyPause),
		from: id, at: address, tries: verifyTries,
	}
	return t.asks.answered(t.ctx, q, func(question []byte) {
		if s := known.session(); s != nil {
			_ = t.write(s, to, kindAsk, question, time.Now())
		}
	})
}

// pinged pings a member in memberlist's words, whose answer its memberlist gives.
func (t *Transport) pinged(to Address) bool {
	answered := make(chan struct{}, verifyTries)
	for range verifyTries {
		now := time.Now()
		number := t.pings.add(&sentPing{to: to, answered: answered, at: now})
		_ = t.write(nil, to, kindPing, t.shortPing(number, to.Name), now)
		select {
		case <-answered:
			return true
		case <-time.After(t.lag.Stretch(verifyPause)):
			t.pings.forget(number)
		case <-t.ctx.Done():
			return false
		}
	}
	return false
}

func (t *Transport) answersDial(id, address string) error {
	done, ok := t.takeTurn(t.ctx)
	if !ok {
		return ErrClosed
	}
	defer done()
	if t.identity != nil && t.lag.Strained() && t.answers(id, address) { // it dialled meanwhile
		return nil
	}
	timeout := t.patience(verifyTimeout)
	ctx, cancel := context.WithTimeout(t.ctx, timeout)
	defer cancel()
	found, err := t.dialHeld(ctx, address, id, timeout, forKeys)
	if err == nil {
		found.Close()
	}
	return err
}
