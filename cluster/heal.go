package cluster

import (
	"errors"
	"math/rand" // of the first version, as memberlist: a test can seed both together
	"sync"
	"time"

	"github.com/grapevine-go/grapevine/cluster/transport"
)

const (
	healPause  = 2500 * time.Millisecond // between two attempts, on average
	forgetLost = 25 * time.Hour          // who was beyond a cut for longer is found through the seeds alone
	mostLost   = 1024                    // members that are looked for
)

// healer looks for members that fell silent, as those beyond a cut do. A member that was given up need not know: if it
// still listed everybody when the cut ended, it has no reason to look for anybody, and memberlist's news of its death
// may be spent. In an exchange of all that memberlist knows it learns that it has to contradict.
type healer struct {
	node *Node

	mu   sync.Mutex
	lost map[identity]lost
}

// lost is where a member was, and when it was given up.
type lost struct {
	address string
	since   time.Time
}

func newHealer(n *Node) *healer { return &healer{node: n, lost: make(map[identity]lost)} }

// miss starts to look for a member.
func (h *healer) miss(id identity, address string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.lost) < mostLost {
		h.lost[id] = lost{address, time.Now()}
	}
}

// found ends it: the member is back, as it was or with a newer boot, or another one has its address.
func (h *healer) found(id identity, address string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for missed, was := range h.lost { // mostly empty
		if missed.name == id.name || was.address == address {
			delete(h.lost, missed)
		}
	}
}

// run dials one of the lost at a time until the node closes.
func (h *healer) run() {
	for {
		select {
		case <-time.After(healPause/2 + time.Duration(rand.Int63n(int64(healPause)))):
		case <-h.node.ctx.Done():
			return
		}
		if id, address, ok := h.pick(); ok {
			h.visit(id, address)
		}
	}
}

// visit finds out who is where a member was. Whoever is there and belongs to this cluster is introduced; one that does not
// is left alone from now on.
func (h *healer) visit(id identity, address string) {
	found, err := h.node.transport.Identify(h.node.ctx, address, streamTimeout)
	var refused *transport.RefusedError
	switch {
	case err == nil && found == id.String():
		h.node.push.introduce(Address{Addr: address})
	case err == nil:
		h.forget(id)
		h.node.push.introduce(Address{Addr: address})
	case errors.As(err, &refused) && refused.Reason == transport.ReasonCluster:
		h.forget(id)
	}
}

func (h *healer) forget(id identity) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.lost, id)
}

// pick gives one of the lost, by chance, and where it was, and forgets those that were lost long ago.
func (h *healer) pick() (id identity, address string, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var ids []identity
	for id, was := range h.lost {
		if time.Since(was.since) > forgetLost {
			delete(h.lost, id)
			continue
		}
		ids = append(ids, id)
	}
	if len(ids) == 0 {
		return id, "", false
	}
	id = ids[rand.Intn(len(ids))]
	return id, h.lost[id].address, true
}
