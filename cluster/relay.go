package cluster

import (
	"context"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/grapevine-go/grapevine/cluster/internal/slots"
	"github.com/grapevine-go/grapevine/cluster/transport"
)

const (
	mostRelayed    = 16      // owners whose records a member relays at a time; more are not, and they push directly
	mostRelayBytes = 8 << 20 // that a job sends
	mostCopies     = 64      // by stream, at a time, of all jobs
)

// relay passes on the records of others to groups of peers, see fanout.go.
type relay struct {
	node   *Node
	copies slots.Slots

	mu   sync.Mutex
	jobs map[string]*job // by the name of the owner: its latest version only
}

// job is one version of one member's record.
type job struct {
	owner     identity
	version   uint64
	confirmed chan identity // the peers that confirmed
	ctx       context.Context
	end       context.CancelFunc
}

func newRelay(n *Node) *relay {
	return &relay{node: n, copies: make(slots.Slots, mostCopies), jobs: make(map[string]*job)}
}

// begin relays a record to the peers from first to last. What is too much is not relayed.
func (r *relay) begin(push pushEvent, first, last string) {
	owner := identityOf(push.record)
	to, living := r.node.push.address(owner)
	if !living || !r.wants(owner, push.record.Version) {
		return
	}
	encoded, err := push.record.Encode(nil, r.node.wire)
	if err != nil {
		return // cannot be: it was checked when it arrived
	}
	group := r.node.push.between(first, last, owner)
	message := encodeBranch(r.node.id, encoded)
	if len(group) == 0 || len(group) > groupOf(r.node.push.count()) || len(group)*len(message) > mostRelayBytes {
		return
	}
	if one := r.register(owner, push.record.Version, len(group)); one != nil {
		if !r.node.spawn(func() { r.run(one, to, message, group) }) {
			r.finish(one)
		}
	}
}

// groupOf is how many peers a relay is told to send to at most, in a cluster of so many: an owner may know of more peers.
func groupOf(peers int) int {
	return min(mostBranch, 2*int(math.Ceil(math.Sqrt(float64(peers))))+8)
}

// wants reports whether a version is to be relayed: it is a newer one of its owner, or there is room for another owner.
func (r *relay) wants(owner identity, version uint64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	before := r.jobs[owner.name]
	return before == nil && len(r.jobs) < mostRelayed ||
		before != nil && (before.owner != owner || before.version < version)
}

// register ends the job of an earlier version. It returns nil where the version is not to be relayed.
func (r *relay) register(owner identity, version uint64, group int) *job {
	if !r.wants(owner, version) {
		return nil
	}
	one := &job{owner: owner, version: version}
	one.confirmed = make(chan identity, group) // each peer that is sent it may say so once, and repeat itself unheard
	one.ctx, one.end = context.WithTimeout(r.node.ctx, relayPatience)
	r.mu.Lock()
	defer r.mu.Unlock()
	if before := r.jobs[owner.name]; before != nil {
		before.end()
	}
	r.jobs[owner.name] = one
	return one
}

func (r *relay) run(one *job, owner Address, message []byte, group map[identity]Address) {
	defer r.finish(one)
	var copies sync.WaitGroup
	defer copies.Wait()
	defer one.end()
	copies.Go(func() { r.send(one, message, r.inOrder(group)) })
	r.gather(one, owner, group)
}

// target is a peer that is sent a record.
type target struct {
	id identity
	to Address
}

// inOrder puts the peers last that did not read lately.
func (r *relay) inOrder(group map[identity]Address) (targets []target) {
	var slow []target
	for id, to := range group {
		if r.node.push.streams.isSlow(id.name) {
			slow = append(slow, target{id, to})
		} else {
			targets = append(targets, target{id, to})
		}
	}
	return slices.Concat(targets, slow)
}

// send sends a record to a group, within the time of the job.
func (r *relay) send(one *job, message []byte, group []target) {
	var copies sync.WaitGroup
	defer copies.Wait()
	for _, peer := range group {
		if len(message)-1 <= transport.MaxDatagram {
			r.node.send(peer.to, message)
			continue
		}
		if !r.copies.Take(one.ctx) {
			return
		}
		copies.Go(func() {
			defer r.copies.Free()
			_ = r.node.push.streamWithin(one.ctx, peer.id, peer.to, func() []byte { return message })
		})
	}
}

// gather tells the owner now and then who has confirmed, until all have or the owner has lost patience.
func (r *relay) gather(one *job, owner Address, group map[identity]Address) {
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
		case id := <-one.confirmed:
			if _, waiting := group[id]; waiting {
				delete(group, id)
				news.boots = append(news.boots, id.boot)
			}
		case <-tell.C:
			flush()
		case <-one.ctx.Done():
			return
		}
	}
}

// finish makes room for another owner.
func (r *relay) finish(one *job) {
	one.end()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.jobs[one.owner.name] == one {
		delete(r.jobs, one.owner.name)
	}
}

// confirmed takes note that a peer has a version of another member's record, or a later one.
func (r *relay) confirmed(m note) {
	r.mu.Lock()
	defer r.mu.Unlock()
	one := r.jobs[m.subject.name]
	if one != nil && one.owner == m.subject && m.boot.ID == one.owner.boot && m.version >= one.version {
		select {
		case one.confirmed <- m.from:
		default:
		}
	}
}
