package cluster

import (
	"sync"
	"time"

	"github.com/grapevine-go/grapevine/cluster/internal/slots"
)

// relay passes on the records of others to groups of peers, see fanout.go.
type relay struct {
	node *Node
	jobs slots.Slots

	mu      sync.Mutex
	running map[job]chan identity // the peers that confirmed
}

// job is one version of one member's record.
type job struct {
	owner   identity
	version uint64
}

func newRelay(n *Node) *relay {
	return &relay{node: n, jobs: make(slots.Slots, mostRelayed), running: make(map[job]chan identity)}
}

// begin relays a record to the peers from first to last. What is too much is not relayed.
func (r *relay) begin(push pushEvent, first, last string) {
	owner := identityOf(push.record)
	group := r.node.push.between(first, last, owner)
	to, living := r.node.push.address(owner)
	if !living || len(group) == 0 || len(group) > mostBranch || !r.jobs.TryTake() {
		return
	}
	one := job{owner, push.record.Version}
	confirmed := make(chan identity, len(group)) // each peer that is sent it may say so once, and repeat itself unheard
	if !r.register(one, confirmed) || !r.node.spawn(func() { r.run(one, to, push, group, confirmed) }) {
		r.jobs.Free()
	}
}

// register gives no second job of one version.
func (r *relay) register(one job, confirmed chan identity) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.running[one] != nil {
		return false
	}
	r.running[one] = confirmed
	return true
}

func (r *relay) run(one job, owner Address, push pushEvent, group map[identity]Address, confirmed <-chan identity) {
	defer r.jobs.Free()
	defer r.end(one)
	encoded, err := push.record.Encode(nil, r.node.wire)
	if err != nil {
		return // cannot be: it was checked when it arrived
	}
	message := encodeBranch(r.node.id, encoded)
	for id, address := range group {
		r.node.push.sendEither(id, address, message)
	}
	r.gather(one, owner, group, confirmed)
}

// gather tells the owner now and then who has confirmed, until all have or the owner has lost patience.
func (r *relay) gather(one job, owner Address, group map[identity]Address, confirmed <-chan identity) {
	patience := time.NewTimer(relayPatience)
	defer patience.Stop()
	tell := time.NewTicker(relayGathers)
	defer tell.Stop()
	news := relayedMessage{from: r.node.id, version: one.version}
	flush := func() {
		if len(news.boots) > 0 {
			r.node.push.sendEither(one.owner, owner, news.encode())
			news.boots = nil
		}
	}
	defer flush()
	for len(group) > 0 {
		select {
		case id := <-confirmed:
			if _, waiting := group[id]; waiting {
				delete(group, id)
				news.boots = append(news.boots, id.boot)
			}
		case <-tell.C:
			flush()
		case <-patience.C:
			return
		case <-r.node.ctx.Done():
			return
		}
	}
}

func (r *relay) end(one job) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.running, one)
}

// confirmed takes note that a peer has a version of another member's record, or a later one.
func (r *relay) confirmed(m note) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for one, confirmed := range r.running {
		if one.owner == m.subject && m.boot.ID == one.owner.boot && m.version >= one.version {
			select {
			case confirmed <- m.from:
			default:
			}
		}
	}
}
