package cluster

import (
	"fmt"
	"sync"
	"time"

	"github.com/grapevine-go/grapevine/membership"
)

const (
	catchUpAgain    = time.Second     // without progress, and another peer is asked
	catchUpPatience = 5 * time.Second // without progress, and the view is as full as it gets
	mostCatchUp     = 1024            // names in one message
)

// catchUp finds out when the view holds what the first peer held when this node met it. The records may come from any peer, as the
// first may vanish. A member that the peer listed and that neither answers this node nor is found gone is waited for with a bound.
type catchUp struct {
	node *Node
	over chan struct{} // closed when it does

	mu       sync.Mutex
	begun    bool
	ended    bool // over is closed
	missing  []membership.Head
	progress time.Time // when missing shrank last
	asked    time.Time // when a peer was asked for records last
	askedOf  identity
}

func newCatchUp(n *Node) *catchUp { return &catchUp{node: n, over: make(chan struct{})} }

// begin is called with all that a peer knows. Only the first counts.
func (c *catchUp) begin(m headsMessage) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.begun {
		return
	}
	now := time.Now()
	c.begun, c.progress, c.asked, c.askedOf = true, now, now, m.from
	for _, h := range m.heads {
		if h.Gone == 0 && h.Name != c.node.id.name {
			c.missing = append(c.missing, h)
		}
	}
}

// nobody is called when there is no peer to wait for.
func (c *catchUp) nobody() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.begun {
		c.begun = true
		c.end()
	}
}

// end is called with the lock held.
func (c *catchUp) end() {
	c.ended, c.missing = true, nil
	close(c.over)
}

// check is called by the node's loop after each change, and now and then.
func (c *catchUp) check() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.begun || c.ended {
		return
	}
	left := c.node.store.Awaited(c.missing)
	if len(left) < len(c.missing) {
		c.progress = time.Now()
	}
	c.missing = left
	switch waited := time.Since(c.progress); {
	case len(left) == 0:
		c.end()
	case waited >= catchUpPatience:
		c.node.log.Info().Int("members", len(left)).Str("first", left[0].Name).
			Msg("cluster: ready without members that the first peer listed: they do not answer this node")
		c.end()
	case waited >= catchUpAgain && time.Since(c.asked) >= catchUpAgain:
		c.ask()
	}
}

// ask asks another peer than the one before for the records that are missing. Called with the lock held.
func (c *catchUp) ask() {
	names := c.node.store.Lacks(c.missing, c.node.wire)
	for peer, address := range c.node.push.living() { // in random order
		if peer == c.askedOf && c.node.push.count() > 1 || len(names) == 0 {
			continue
		}
		c.asked, c.askedOf = time.Now(), peer
		want := wantMessage{c.node.id, names[:min(len(names), mostCatchUp)]}
		c.node.repair.answer(peer, Address{Addr: address, Name: peer.String()}, [][]byte{want.encode()})
		return
	}
}

// waiting describes what is missing, "" if nothing is or nobody was met.
func (c *catchUp) waiting() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.missing) == 0 {
		return ""
	}
	return fmt.Sprintf("the view still lacks %d of the members that the first peer listed, such as %s", len(c.missing), c.missing[0].Name)
}
