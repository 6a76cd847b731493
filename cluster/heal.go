package cluster

import (
	"math/rand" // of the first version, as memberlist: a test can seed both together
	"sync"
	"time"
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
		if address, ok := h.pick(); ok {
			h.node.push.introduce(Address{Addr: address})
		}
	}
}

// pick gives the address of one of the lost, by chance, and forgets those that were lost long ago.
func (h *healer) pick() (address string, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var addresses []string
	for id, was := range h.lost {
		if time.Since(was.since) > forgetLost {
			delete(h.lost, id)
			continue
		}
		addresses = append(addresses, was.address)
	}
	if len(addresses) == 0 {
		return "", false
	}
	return addresses[rand.Intn(len(addresses))], true
}
