package cluster

import (
	"slices"
	"sync"
	"time"

	"github.com/grapevine-go/grapevine/cluster/internal/slots"
	"github.com/grapevine-go/grapevine/membership"
)

const (
	// repairDelay is how long digests must differ before heads are sent: what is being pushed is there by then.
	repairDelay = 200 * time.Millisecond

	// compareAgain is when two digests that differ are compared again although neither changed: two members that see
	// others live that the other does not see, as with a one-way cut, differ for as long, and have nothing to tell.
	compareAgain = time.Minute

	inquireAfter = 2 * time.Second
	wantAgain    = time.Second // a record is asked for of one peer at a time
	mostCompares = 2           // at a time
	mostAnswers  = 32          // under way, and waiting for a stream
	mostCompared = 64          // pairs of digests that are remembered
	mostWanted   = 4096        // names that were asked for within wantAgain
)

// repairer finds out what this member and its peers lack of each other: records that did not arrive when their owner pushed
// them. Digests travel in the acks of memberlist's probes, so that each member compares itself with another one a second, and in
// push/pull. Only when two differ do heads go over, and only for those that differ, records.
type repairer struct {
	node      *Node
	comparing slots.Slots
	answering slots.Slots

	mu       sync.Mutex
	compared map[[2]uint64]time.Time   // this member's digest and a peer's, when they were compared last
	wanted   map[string]time.Time      // when the record of a member was asked for last
	serving  map[identity]bool         // peers that are being sent records
	asked    map[identity]lastQuestion // members that were asked for their own record
}

func newRepairer(n *Node) *repairer {
	return &repairer{
		node:      n,
		comparing: make(slots.Slots, mostCompares),
		answering: make(slots.Slots, mostAnswers),
		compared:  make(map[[2]uint64]time.Time),
		wanted:    make(map[string]time.Time),
		serving:   make(map[identity]bool),
		asked:     make(map[identity]lastQuestion),
	}
}

// noticed takes note of the digest of a peer.
func (r *repairer) noticed(peer identity, theirs uint64) {
	if r.node.store.Digest() == theirs {
		return
	}
	r.node.spawnIn(r.comparing, func() { // or else the next digest will tell
		if sleep(r.node.ctx, r.node.stretch(repairDelay)) {
			r.compare(peer, theirs)
		}
	})
}

// compare tells a peer of all that is known here, and asks what is known there.
func (r *repairer) compare(peer identity, theirs uint64) {
	pair := [2]uint64{r.node.store.Digest(), theirs}
	address, living := r.node.push.address(peer)
	if pair[0] == theirs || !living || !r.remember(pair) {
		return
	}
	for _, part := range partsOf(r.node.id, r.node.store.Heads()) {
		if r.node.push.stream(peer, address, part.encode()) != nil {
			r.forget(pair)
			return
		}
	}
}

// inquire asks one of the others what it knows of a member that was just given up: it may have said goodbye, and be looked for
// in vain. Digests do not tell: they are of those that live.
func (r *repairer) inquire(name string) {
	own := headsMessage{from: r.node.id, asks: true, first: name, last: name, heads: r.node.store.HeadOf(name)}
	r.node.spawn(func() {
		if !sleep(r.node.ctx, jitter(r.node.stretch(inquireAfter))) {
			return
		}
		for peer, address := range r.node.push.living() { // in random order
			if peer.name != name {
				_ = r.node.push.stream(peer, Address{Addr: address, Name: peer.String()}, own.encode()) // best effort
				return
			}
		}
	})
}

// remember says whether a pair of digests is to be compared now.
func (r *repairer) remember(pair [2]uint64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if last, ok := r.compared[pair]; ok && time.Since(last) < compareAgain {
		return false
	}
	if len(r.compared) >= mostCompared {
		clear(r.compared)
	}
	r.compared[pair] = time.Now()
	return true
}

func (r *repairer) forget(pair [2]uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.compared, pair)
}

// told acts on the heads of a peer, once they were merged: it asks for the records that this member lacks, and tells of
// those that the peer does, if it asks.
func (r *repairer) told(m headsEvent) {
	address, wire, living := r.node.push.peer(m.from)
	if !living {
		return
	}
	var messages [][]byte
	if names := r.want(m); len(names) > 0 {
		messages = append(messages, wantMessage{r.node.id, names}.encode())
	}
	if m.asks {
		for _, part := range partsOf(r.node.id, r.node.store.Lacking(m.heads, m.first, m.last, wire)) {
			if part.asks = false; len(part.heads) > 0 {
				messages = append(messages, part.encode())
			}
		}
	}
	r.answer(m.from, address, messages)
}

// want lists the members whose records to ask a peer for. For what is asked for, nobody else is
// asked for a while. A peer that joins is not asked for its own record, which it pushes once its
// name is settled.
func (r *repairer) want(m headsEvent) (names []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for name, asked := range r.wanted {
		if time.Since(asked) >= wantAgain {
			delete(r.wanted, name)
		}
	}
	for _, name := range r.node.store.Lacks(m.heads, r.node.wire) {
		if len(r.wanted) >= mostWanted {
			break // digests will still differ
		}
		if _, asked := r.wanted[name]; !asked && !(m.joins && name == m.from.name) {
			r.wanted[name] = time.Now()
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// answer sends messages to a peer, one after another. What is too much is dropped: digests will still differ.
func (r *repairer) answer(to identity, address Address, messages [][]byte) {
	if len(messages) == 0 {
		return
	}
	r.node.spawnIn(r.answering, func() {
		for _, message := range messages {
			if r.node.push.stream(to, address, message) != nil {
				return
			}
		}
	})
}

// serve sends a peer the records that it wants, unless it is being sent some.
func (r *repairer) serve(m wantMessage) {
	address, wire, living := r.node.push.peer(m.from)
	if !living || !r.beginServing(m.from) {
		return
	}
	begun := r.node.spawn(func() {
		defer r.endServing(m.from)
		for _, message := range encodeRecords(r.node.id, r.node.store.Known(r.mayServe(m.names)), wire) {
			if r.node.push.stream(m.from, address, message) != nil {
				return
			}
		}
	})
	if !begun {
		r.endServing(m.from)
	}
}

// mayServe leaves out the record of this member itself for as long as its name is not settled.
func (r *repairer) mayServe(names []string) []string {
	if r.node.name.mayPush() {
		return names
	}
	return slices.DeleteFunc(names, func(name string) bool { return name == r.node.id.name })
}

func (r *repairer) beginServing(peer identity) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.serving[peer] || len(r.serving) >= mostAnswers {
		return false
	}
	r.serving[peer] = true
	return true
}

func (r *repairer) endServing(peer identity) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.serving, peer)
}

// learn is what a peer's heads say by themselves: of this member's own name, of members that are gone, and of members that live
// and that memberlist has not told of: they are sought out.
func (n *Node) learn(m headsEvent) (changes []membership.Change) {
	lacked := m.covers(n.id.name)
	for _, h := range m.heads {
		if h.Name != n.id.name {
			changes = append(changes, membership.Remembered{Head: h})
			n.seek(h)
			continue
		}
		lacked = false
		n.name.heard(h.Boot, h.Address)
		n.outdo(h.Boot, h.Version)
		if n.outdated(h) {
			n.push.correct(m.from, h.Boot == n.record().Boot && h.Gone > 0)
		}
	}
	if lacked {
		n.push.correct(m.from, false)
	}
	return changes
}

// outdated reports whether a peer has less of this member's record than this member would send it,
// or takes it for gone.
func (n *Node) outdated(h membership.Head) bool {
	own := n.record()
	order := h.Boot.Compare(own.Boot)
	return order < 0 || order == 0 && (h.Version < own.Version || h.Gone > 0)
}

// seek looks for a member that lives according to a peer, unless this one knows it to live.
func (n *Node) seek(h membership.Head) {
	id := identity{h.Name, h.Boot.ID}
	known, heard := n.store.Record(h.Name)
	if _, living := n.push.address(id); living || h.Gone > 0 || h.Address == "" || heard && h.Boot.Compare(known.Boot) < 0 {
		return
	}
	n.reach.miss(id, h.Address)
}
