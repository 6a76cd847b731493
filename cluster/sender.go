package cluster

import (
	"sync"
	"time"

	"github.com/grapevine-go/grapevine/cluster/internal/rate"
	"github.com/grapevine-go/grapevine/cluster/transport"
)

const (
	mostAnswered = 64 // peers that anti-entropy sends something at a time
	mostSlow     = 32 // of them, those that do not read
	mostBatches  = 8  // that wait for one peer; more are dropped, and digests will still differ
)

// headsRate is at what pace a peer is sent heads: it takes no more, see quotas.
var headsRate = rate.Limit{AtOnce: quotas[kindHeads].atOnce, EachSecond: quotas[kindHeads].eachSecond}

// batch makes messages one at a time, so that none is in memory before its turn.
type batch struct {
	next   func() []byte // returns nil when there are no more
	failed func()        // called where not all were sent; may be nil
}

// sender sends what anti-entropy has for peers: one message to a peer at a time, in the order in which batches were added.
type sender struct {
	node *Node

	mu      sync.Mutex
	sending map[identity]*sending
}

type sending struct {
	batches []batch
	slow    bool
	heads   rate.Meter
}

func newSender(n *Node) *sender { return &sender{node: n, sending: make(map[identity]*sending)} }

// add has a peer sent a batch, unless too much waits for it, or for too many peers.
func (o *sender) add(to identity, one batch) {
	if !o.tryAdd(to, one) {
		one.fail()
	}
}

func (o *sender) tryAdd(to identity, one batch) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if s := o.sending[to]; s != nil {
		if len(s.batches) >= mostBatches {
			return false
		}
		s.batches = append(s.batches, one)
		return true
	}
	s := &sending{batches: []batch{one}, slow: o.node.push.streams.isSlow(to.name)}
	if len(o.sending) >= mostAnswered || s.slow && o.slow() >= mostSlow || !o.node.spawn(func() { o.run(to, s) }) {
		return false
	}
	o.sending[to] = s
	return true
}

func (b batch) fail() {
	if b.failed != nil {
		b.failed()
	}
}

// slow counts the peers that do not read. It is called with the lock held.
func (o *sender) slow() (count int) {
	for _, s := range o.sending {
		if s.slow {
			count++
		}
	}
	return count
}

// run sends until nothing is left, or a message does not go.
func (o *sender) run(to identity, s *sending) {
	for one, ok := o.first(to, s); ok; one, ok = o.next(to, s) {
		for message := one.next(); message != nil; message = one.next() {
			if !o.send(to, s, message) {
				o.end(to, s)
				return
			}
		}
	}
}

func (o *sender) send(to identity, s *sending, message []byte) bool {
	if transport.Kind(message[0]) == kindHeads && !o.paced(s, quotas[kindHeads].cost(kindHeads)(message[1:])) {
		return false
	}
	address, living := o.node.push.address(to)
	return living && o.node.push.stream(to, address, message) == nil
}

// paced waits until a peer takes heads that count so much, and reports whether the node still runs.
func (o *sender) paced(s *sending, cost float64) bool {
	for wait := s.heads.Spend(headsRate, cost, time.Now()); wait > 0; wait = s.heads.Spend(headsRate, cost, time.Now()) {
		if !sleep(o.node.ctx, wait) {
			return false
		}
	}
	return true
}

func (o *sender) first(to identity, s *sending) (one batch, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(s.batches) == 0 {
		delete(o.sending, to)
		return batch{}, false
	}
	return s.batches[0], true
}

// next drops the batch that was sent, and returns the one behind it.
func (o *sender) next(to identity, s *sending) (one batch, ok bool) {
	o.mu.Lock()
	s.batches = s.batches[1:]
	o.mu.Unlock()
	return o.first(to, s)
}

// end drops what was not sent.
func (o *sender) end(to identity, s *sending) {
	o.mu.Lock()
	delete(o.sending, to)
	o.mu.Unlock()
	for _, one := range s.batches { // nothing is added any more
		one.fail()
	}
}

// each is a batch of messages that are there already.
func each(messages ...[]byte) batch {
	return batch{next: func() (message []byte) {
		if len(messages) > 0 {
			message, messages = messages[0], messages[1:]
		}
		return message
	}}
}

// encoded is a batch of heads.
func encoded(parts []headsMessage) batch {
	return batch{next: func() (message []byte) {
		if len(parts) > 0 {
			message, parts = parts[0].encode(), parts[1:]
		}
		return message
	}}
}
