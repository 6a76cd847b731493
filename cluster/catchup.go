package cluster

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/grapevine-go/grapevine/membership"
)

// catchUpPatience is how long catchUp waits without any progress.
const catchUpPatience = 5 * time.Second

// While more than manyMissing members are missing, catchUp looks for them at most every lookForMany, as each look costs time.
const (
	manyMissing = 1024
	lookForMany = 100 * time.Millisecond
)

// catchUp finds out when the view holds what the first peer held when this node met it. The records
// may come from any peer: each owner pushes its own, and anti-entropy asks all, so the first peer
// may vanish. The wait for a member that neither answers this node nor is found gone is bounded.
type catchUp struct {
	node *Node
	over chan struct{} // closed when it does

	mu       sync.Mutex
	begun    bool
	ended    bool // over is closed
	missing  []membership.Head
	progress time.Time         // when missing shrank last
	looked   time.Time         // when that was found out last
	absent   map[identity]bool // not at the address that a peer told
}

// mostAbsent is how many members are remembered that are not where they are said to be.
const mostAbsent = 4096

func newCatchUp(n *Node) *catchUp { return &catchUp{node: n, over: make(chan struct{})} }

// begin is called with all that a peer knows. Only the first counts.
func (c *catchUp) begin(m headsMessage) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.begun {
		return
	}
	c.begun, c.progress = true, time.Now()
	for _, h := range m.heads {
		listed := h.Gone == 0 && h.Form > 0 && !c.absent[identity{h.Name, h.Boot.ID}]
		if listed && h.Name != c.node.id.name {
			c.missing = append(c.missing, h)
		}
	}
}

// met reports whether a peer has told all it knows, or there is none. Until then a seed is dialled
// although SWIM has told that a member lives there: it may know of another process of this node's name.
func (c *catchUp) met() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.begun
}

// without stops waiting for a member: nobody, or another member, listens where it is said to be.
func (c *catchUp) without(id identity) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended || len(c.absent) >= mostAbsent {
		return
	}
	if c.absent == nil {
		c.absent = make(map[identity]bool)
	}
	c.absent[id] = true
	c.missing = slices.DeleteFunc(c.missing, func(h membership.Head) bool { return h.Name == id.name && h.Boot.ID == id.boot })
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
	c.ended, c.missing, c.absent = true, nil, nil
	close(c.over)
}

// check is called by the node's loop after each change, and now and then.
func (c *catchUp) check() {
	if given := c.settle(); len(given) > 0 {
		c.node.log.Info().Int("members", len(given)).Str("first", given[0].Name).
			Msg("cluster: ready, although members that the first peer listed do not answer this node")
	}
}

// settle ends the wait if nothing is missing any more, or nothing comes. It returns the members that are given up.
func (c *catchUp) settle() (given []membership.Head) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.begun || c.ended {
		return nil
	}
	if len(c.missing) > manyMissing && time.Since(c.looked) < lookForMany {
		return nil
	}
	c.looked = time.Now()
	left := c.node.store.Awaited(c.missing)
	if len(left) < len(c.missing) {
		c.progress = time.Now()
	}
	c.missing = left
	if len(left) > 0 && time.Since(c.progress) < catchUpPatience {
		return nil
	}
	c.end()
	return left
}

// waiting describes what is missing, "" if nothing is or nobody was met.
func (c *catchUp) waiting() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.missing) == 0 {
		return ""
	}
	return fmt.Sprintf("the view still lacks %d of the members that the first peer listed, such as %s",
		len(c.missing), c.missing[0].Name)
}
