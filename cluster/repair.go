package cluster

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/grapevine-go/grapevine/membership"
)

const (
	// repairDelay is how long digests must differ before heads are sent: what is being pushed is there by then.
	repairDelay = 200 * time.Millisecond

	// compareAgain is when two digests that differ are compared again although neither changed: two members that see
	// others live that the other does not see, as with a one-way cut, differ for as long, and have nothing to tell.
	compareAgain = time.Minute

	compareEach  = time.Second // with one peer
	mostDiffer   = 64          // peers whose digest was seen to differ within that time
	mostCompared = 64          // pairs of digests that are remembered

	wantAgain  = time.Second // a record is asked for of one peer at a time
	mostWanted = 16384       // records that are asked for in that time
	mostWant   = 1024        // of them in one message
)

// repairer finds out what this member and its peers lack of each other: records that did not arrive when their owner pushed
// them. Digests travel in the acks of memberlist's probes, so that each member compares itself with another one a second, and in
// push/pull. Only when two differ do heads go over, and only for those that differ, records.
type repairer struct {
	node *Node
	out  *sender
	lost *inquirer

	mu       sync.Mutex
	differ   map[string]time.Time      // peers whose digest differed, and when that was seen
	compared map[[2]uint64]time.Time   // this member's digest and a peer's, when they were compared last
	wanted   map[wanted]time.Time      // when a record was asked for last
	swept    time.Time                 // when those that may be asked for again were dropped
	asked    map[identity]lastQuestion // members that were asked for their own record
}

// wanted is a record in one version: a peer that tells of a later one, which nobody has, keeps nobody from being asked.
type wanted struct {
	name    string
	boot    membership.Boot
	version uint64
}

func newRepairer(n *Node) *repairer {
	return &repairer{
		node:     n,
		out:      newSender(n),
		lost:     &inquirer{node: n, due: make(map[string]time.Time)},
		differ:   make(map[string]time.Time),
		compared: make(map[[2]uint64]time.Time),
		wanted:   make(map[wanted]time.Time),
		asked:    make(map[identity]lastQuestion),
	}
}

// noticed takes note of the digest of a peer.
func (r *repairer) noticed(peer identity, theirs uint64) {
	if r.node.store.Digest() == theirs || !r.begin(peer.name, time.Now()) {
		return // or else the next digest will tell
	}
	r.node.spawn(func() {
		if sleep(r.node.ctx, r.node.stretch(repairDelay)) {
			r.compare(peer, theirs)
		}
	})
}

// begin reports whether to compare with a peer now. A peer whose digest always differs keeps nobody else from it.
func (r *repairer) begin(name string, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if at, again := r.differ[name]; again && now.Sub(at) < compareEach {
		return false
	}
	if len(r.differ) >= mostDiffer {
		maps.DeleteFunc(r.differ, func(_ string, at time.Time) bool { return now.Sub(at) >= compareEach })
	}
	if len(r.differ) >= mostDiffer {
		return false
	}
	r.differ[name] = now
	return true
}

// compare tells a peer of all that is known here, and asks what is known there.
func (r *repairer) compare(peer identity, theirs uint64) {
	pair := [2]uint64{r.node.store.Digest(), theirs}
	if _, living := r.node.push.address(peer); pair[0] == theirs || !living || !r.remember(pair) {
		return
	}
	one := encoded(partsOf(r.node.id, r.node.store.Heads()))
	one.failed = func() { r.forget(pair) }
	r.out.add(peer, one)
}

// remember says whether a pair of digests is to be compared now.
func (r *repairer) remember(pair [2]uint64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if last, ok := r.compared[pair]; ok && time.Since(last) < compareAgain {
		return false
	}
	r.compared[pair] = time.Now()
	if len(r.compared) > mostCompared {
		oldest := pair
		for other, at := range r.compared {
			if at.Before(r.compared[oldest]) {
				oldest = other
			}
		}
		delete(r.compared, oldest)
	}
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
	_, wire, living := r.node.push.peer(m.from)
	if !living {
		return
	}
	var wants [][]byte
	for names := range slices.Chunk(r.want(m), mostWant) {
		wants = append(wants, wantMessage{r.node.id, names}.encode())
	}
	if len(wants) > 0 {
		r.out.add(m.from, each(wants...))
	}
	if !m.asks {
		return
	}
	parts := partsOf(r.node.id, r.node.store.Lacking(m.heads, m.first, m.last, wire))
	for i := range parts {
		parts[i].asks = false
	}
	if len(parts[0].heads) > 0 {
		r.out.add(m.from, encoded(parts))
	}
}

// want lists the members whose records to ask a peer for. For what is asked for, nobody else is
// asked for a while. A peer that joins is not asked for its own record, which it pushes once its
// name is settled.
func (r *repairer) want(m headsEvent) (names []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	lacks := r.node.store.Lacks(m.heads, r.node.wire)
	now, at := time.Now(), 0
	if now.Sub(r.swept) >= wantAgain {
		maps.DeleteFunc(r.wanted, func(_ wanted, asked time.Time) bool { return now.Sub(asked) >= wantAgain })
		r.swept = now
	}
	for _, h := range m.heads { // in the order of lacks
		if at == len(lacks) || h.Name != lacks[at] {
			continue
		}
		at++
		one := wanted{h.Name, h.Boot, h.Version}
		asked, before := r.wanted[one]
		switch {
		case before && now.Sub(asked) < wantAgain, m.joins && h.Name == m.from.name:
		case before || len(r.wanted) < mostWanted:
			r.wanted[one] = now
			names = append(names, h.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// serve sends a peer the records that it wants, as they are once it is their turn.
func (r *repairer) serve(m wantMessage) {
	_, wire, living := r.node.push.peer(m.from)
	if !living {
		return
	}
	var names []string // of those that are known, however many it wants
	for _, known := range r.node.store.Known(r.mayServe(m.names)) {
		names = append(names, known.Record.Name)
	}
	r.out.add(m.from, batch{next: func() (message []byte) {
		for len(names) > 0 && message == nil {
			some := r.node.store.Known(names[:min(len(names), mostWant)])
			var rest []membership.Heard
			message, rest = cutRecords(r.node.id, some, wire)
			names = names[min(len(names), mostWant)-len(rest):]
		}
		return message
	}})
}

// mayServe leaves out the record of this member itself for as long as its name is not settled.
func (r *repairer) mayServe(names []string) []string {
	if r.node.name.mayPush() {
		return names
	}
	return slices.DeleteFunc(names, func(name string) bool { return name == r.node.id.name })
}

// learn is what a peer's heads say by themselves: of this member's own name, of members that are gone, and of members that live
// and that memberlist has not told of: they are sought out.
func (n *Node) learn(m headsEvent) (changes []membership.Change) {
	lacked := m.covers(n.id.name)
	for _, h := range m.heads {
		if h.Name != n.id.name {
			changes = append(changes, membership.Remembered{Head: h})
			n.seek(h, m.from)
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
func (n *Node) seek(h membership.Head, teller identity) {
	id := identity{h.Name, h.Boot.ID}
	known, heard := n.store.Record(h.Name)
	if _, living := n.push.address(id); living || h.Gone > 0 || h.Address == "" || heard && h.Boot.Compare(known.Boot) < 0 {
		return
	}
	n.reach.miss(id, h.Address, teller.name)
}
