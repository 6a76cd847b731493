package cluster

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/grapevine-go/grapevine/cluster/internal/rate"
	"github.com/grapevine-go/grapevine/membership"
)

const (
	mostStep   = 1024 // heads of a join that are merged at a time
	mostJoined = 4096 // members whose joins are remembered
)

// joinRate is how many joins of one member are merged. After more of them digests tell what differs.
var joinRate = rate.Limit{AtOnce: 8, EachSecond: 1}

// joins counts joins by member.
type joins struct {
	mu     sync.Mutex
	meters map[string]*rate.Meter
}

// pass reports whether one more join of a member is to be merged.
func (j *joins) pass(name string, now time.Time) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.meters[name] == nil {
		if len(j.meters) >= mostJoined {
			maps.DeleteFunc(j.meters, func(_ string, m *rate.Meter) bool { return m.Spend(joinRate, joinRate.AtOnce, now) == 0 })
		}
		if len(j.meters) >= mostJoined {
			return false
		}
		j.meters[name] = new(rate.Meter)
	}
	return j.meters[name].Pass(joinRate, now)
}

// join merges all that a peer knows, in steps: between two of them the loop handles what else waits. memberlist waits for
// the steps, so that what waits is bounded.
func (n *Node) join(s state) {
	if !n.joins.pass(s.from.name, time.Now()) {
		n.inbox.offer(digestEvent{s.from, s.digest})
		return
	}
	if len(s.heads) <= mostStep {
		n.inbox.put(headsEvent{headsMessage{from: s.from, heads: s.heads}, true})
		return
	}
	for part := range slices.Chunk(s.heads, mostStep) {
		step := stepEvent{headsMessage: headsMessage{from: s.from, heads: part}}
		if &part[len(part)-1] == &s.heads[len(s.heads)-1] {
			step.all = s.heads
		}
		if !n.inbox.admit(n.ctx, step, largestPart) {
			return
		}
	}
}

// joined acts on a join once all steps were merged.
func (n *Node) joined(m headsMessage) {
	if !slices.ContainsFunc(m.heads, func(h membership.Head) bool { return h.Name == n.id.name }) {
		n.push.correct(m.from, false)
	}
	n.catchUp.begin(m)
	n.name.synced()
}
