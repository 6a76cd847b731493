package cluster

import (
	"fmt"
	"sync"
	"time"

	"github.com/grapevine-go/grapevine/cluster/internal/aged"
	"github.com/grapevine-go/grapevine/membership"
)

// NameTakenError says that another living process uses the name that this one was given.
type NameTakenError struct {
	Name    string
	Address string // where the other gossips
}

func (e *NameTakenError) Error() string {
	return fmt.Sprintf("name %q (%s) is taken by the living member at %s: "+
		"give this process another name, or stop that one", e.Name, settingOf("Name"), e.Address)
}

// nameClaim settles which boot a node's name belongs to. A node starts with boot number 0, which ranks below every boot
// that peers remember, and pushes nothing. Once a peer has told what it knows, the node takes the number above the
// newest boot of its name, provided that boot is dead; if it lives, the claim fails and the other is unharmed.
type nameClaim struct {
	node    *Node
	settled chan struct{} // closed when the claim has a first outcome

	mu      sync.Mutex
	done    bool           // settled is closed
	rivals  map[rival]bool // heard of since the last outcome; true while it is challenged
	raises  pacer          // challenges after the first outcome
	highest uint64
	err     error

	asks *aged.Map[string, pacer] // questions to a peer, by its name, about a boot that it knows
}

// rival is a boot of this node's name, and where it is said to live, "" for nowhere.
type rival struct {
	boot    uint64
	address string
}

// mostRivals bounds how many are challenged before an outcome. A process that is restarted again and again under a
// name in use leaves a dead boot each time, so there may be several beside the boot that lives.
const mostRivals = 64

// mostMentions is how many peers are remembered that were asked about a boot.
const mostMentions = 1024

func newNameClaim(n *Node) *nameClaim {
	return &nameClaim{node: n, settled: make(chan struct{}), rivals: make(map[rival]bool), asks: aged.New[string, pacer](mostMentions)}
}

// mayPush says whether this node's record may be told to others.
func (c *nameClaim) mayPush() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.done && c.err == nil
}

func (c *nameClaim) failure() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// mentioned is for a boot of this node's name that a peer knows and that may be dead. If this node does not know it to live,
// it asks the peer.
func (c *nameClaim) mentioned(by identity, boot membership.Boot) {
	own := c.node.record().Boot
	if boot.ID == own.ID || boot.Compare(own) <= 0 {
		return
	}
	if address, known := c.node.push.address(identity{c.node.id.name, boot.ID}); known {
		c.heard(boot, address.Addr)
	} else if c.mayAsk(by.name) {
		c.node.repair.askAbout(c.node.id.name, by)
	}
}

// mayAsk paces the questions to each peer by itself: a peer that makes up boot after boot does not keep
// another from being asked about a true one.
func (c *nameClaim) mayAsk(peer string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	asks := c.asks.Get(peer)
	allowed := asks.allow()
	c.asks.Set(peer, asks)
	return allowed
}

// heard records a boot of this node's name, and where it lives, "" for nowhere. A boot that ranks
// higher is a rival, and each rival is challenged: the newest may be dead while an older boot
// lives. A process that is restarted again and again under a name in use leaves such dead boots,
// and must not take the name for them.
func (c *nameClaim) heard(boot membership.Boot, address string) {
	own := c.node.record().Boot
	if boot.ID == own.ID || boot.Compare(own) <= 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	r := rival{boot.ID, address}
	if _, known := c.rivals[r]; known || c.err != nil || len(c.rivals) == mostRivals || c.done && !c.raises.allow() {
		return
	}
	c.highest = max(c.highest, membership.Step(c.known(own), boot.Number))
	c.rivals[r] = c.node.spawn(func() { c.challenge(r) })
}

// known is the number that others may exceed by a step. A boot that has just started knows none: what it is told then may be
// true, as an earlier boot may have been driven up, and is believed to half of the range. Called with the lock held.
func (c *nameClaim) known(own membership.Boot) uint64 {
	if c.done {
		return own.Number
	}
	return max(own.Number, membership.NumberLimit/2)
}

// synced is called after a peer has told all it knows: whoever has not been heard of by then is not remembered.
func (c *nameClaim) synced() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.challenging() && !c.done {
		c.settle()
	}
}

// challenging reports whether it is open for a rival whether it lives. Called with the lock held.
func (c *nameClaim) challenging() bool {
	for _, open := range c.rivals {
		if open {
			return true
		}
	}
	return false
}

// challenge finds out whether a rival lives. memberlist may not know its address: it tells a newcomer nothing of those
// it just suspects.
func (c *nameClaim) challenge(r rival) {
	id, address := identity{c.node.id.name, r.boot}, r.address
	if known, ok := c.node.push.address(id); ok {
		address = known.Addr
	}
	verdict := dead
	if address != "" {
		verdict = c.node.watch.lookAt(id, Address{Addr: address, Name: id.String()}, false, nil)
	}
	if err := c.decide(r, verdict, address); err != nil {
		c.node.log.Error().Err(err).Msg("cluster: name taken")
	}
}

// decide ends a challenge. It returns why the claim failed, if it did. While another rival is challenged, a dead one
// decides nothing.
func (c *nameClaim) decide(r rival, verdict verdict, address string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rivals[r] = false
	switch {
	case c.node.ctx.Err() != nil, c.err != nil:
	case verdict == alive:
		c.err = &NameTakenError{c.node.id.name, address}
		c.finish()
		return c.err
	case !c.challenging():
		c.settle()
	}
	return nil
}

// settle takes the number above all that were heard of. Called with the lock held.
func (c *nameClaim) settle() {
	clear(c.rivals)
	number := min(c.highest+1, membership.NumberLimit-1)
	_ = c.node.change(func(own *membership.Record) error { // fails only when the node is closed or has left
		own.Boot.Number = max(own.Boot.Number, number)
		return nil
	})
	c.finish()
	c.node.push.kick()
}

func (c *nameClaim) finish() {
	if !c.done {
		c.done = true
		close(c.settled)
	}
}

const (
	atOnce     = 4 // of what hearsay makes this member do
	pacedAfter = time.Second
)

// pacer allows a few at once, and one each pacedAfter then. The zero value is ready to use.
type pacer struct{ until time.Time } // which is accounted for

func (p *pacer) allow() bool {
	now := time.Now()
	if p.until.Before(now) {
		p.until = now
	}
	if p.until.Sub(now) > (atOnce-1)*pacedAfter {
		return false
	}
	p.until = p.until.Add(pacedAfter)
	return true
}
