package cluster

import (
	"context"
	"maps"
	"math/rand" // of the first version, as memberlist: a test can seed both together
	"slices"
	"sync/atomic"
	"time"

	"github.com/grapevine-go/grapevine/cluster/internal/slots"
)

const (
	aloneAsks  = 20 // rounds of questions without an answer from anybody, and this node is cut off
	aloneAgain = 200 * time.Millisecond
	aloneEach  = 4 // members that are asked in a round
	aloneAfter = aloneAsks * aloneAgain
	meetAgain  = time.Second // between two dials while it is cut off
)

// solitude finds out whether this node is cut off from everybody. What it finds of others then says nothing of them, so nobody is
// given up, and what was last known is served.
type solitude struct {
	node   *Node
	checks slots.Slots // one
	isCut  atomic.Bool
}

func newSolitude(n *Node) *solitude { return &solitude{node: n, checks: make(slots.Slots, 1)} }

// cutOff says whether nobody is heard.
func (s *solitude) cutOff() bool { return s.isCut.Load() }

// check is called when a look had no answer, from whomever. It is at work once at a time.
func (s *solitude) check() {
	if s.node.transport.Unheard() >= aloneAgain {
		s.node.spawnIn(s.checks, s.find)
	}
}

// find asks until anybody is heard. A process that was stopped has not asked meanwhile: it is the questions that count.
func (s *solitude) find() {
	began := time.Now()
	for range aloneAsks {
		for range aloneEach {
			if id, to, ok := s.anybody(); ok {
				s.node.send(to, note{from: s.node.id, subject: id, replyTo: s.node.Address()}.encode(kindProbe))
			}
		}
		if !s.quiet(began, s.node.stretch(aloneAgain)) {
			return
		}
	}
	if s.node.transport.Unheard() >= aloneAfter && !s.node.strained() {
		s.endure()
	}
}

// endure dials one member after another until anybody is heard, who may have dialled as well.
func (s *solitude) endure() {
	s.isCut.Store(true)
	s.node.inbox.put(cutOffEvent{true})
	s.node.log.Warn().Msg("cluster: isolated, as no member is heard: serving the last-known instances")
	for began := time.Now(); s.quiet(began, jitter(meetAgain)); {
		if _, to, ok := s.anybody(); ok {
			_, _ = s.node.transport.Identify(s.node.ctx, to.Addr, dialTimeout) // success is that it was heard
		}
	}
	s.isCut.Store(false)
	s.node.inbox.put(cutOffEvent{false})
	s.node.log.Info().Msg("cluster: no longer isolated: members are heard again")
}

// waitReunion waits until somebody is heard, if nobody is. It gives false when ctx is done before.
func (s *solitude) waitReunion(ctx context.Context) bool {
	for s.cutOff() {
		if !sleep(ctx, jitter(meetAgain)) {
			return false
		}
	}
	return true
}

// anybody draws a member that has spoken to this node.
func (s *solitude) anybody() (id identity, to Address, ok bool) {
	living := s.node.push.contacted()
	if len(living) == 0 {
		return id, to, false
	}
	ids := slices.SortedFunc(maps.Keys(living), compareIdentities)
	id = ids[rand.Intn(len(ids))]
	return id, Address{Addr: living[id], Name: id.String()}, true
}

// quiet waits, and says whether nobody was heard since then.
func (s *solitude) quiet(since time.Time, wait time.Duration) bool {
	return sleep(s.node.ctx, wait) && s.node.transport.Unheard() >= time.Since(since)
}
