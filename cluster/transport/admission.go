package transport

import (
	"maps"
	"net/netip"
	"sync"
	"time"

	"github.com/grapevine-go/grapevine/cluster/internal/rate"
)

const (
	mostPending      = 128 // connections that have not authenticated, from hosts where no member is known
	mostPendingBy    = 64  // and those from one such host
	mostPendingKnown = 128 // those from hosts where a member is known, beside the others

	// provenWithin is how long a pending connection is safe from newcomers where there is no room. A member needs milliseconds
	// on its own network, and three round trips elsewhere.
	provenWithin = 200 * time.Millisecond

	mostProven   = 512 // authenticated connections that others opened
	mostProvenBy = 16  // and those of one peer

	mostMeters = 4096      // hosts whose rate is remembered
	mostKnown  = 4096      // hosts where a member is known
	knownFor   = time.Hour // since a member authenticated there
)

// The handshakes that one host may begin. Where a member is known there may be many, which start together.
var (
	handshakes      = rate.Limit{AtOnce: 512, EachSecond: 128}
	knownHandshakes = rate.Limit{AtOnce: 2048, EachSecond: 512}
)

// admission decides which connections that others open come in. Pending connections are first come, first served, so that
// handshakes end also in a process that gets too little CPU time for all of them: a newcomer is refused when there is no
// room, but see queue. Hosts where a member has authenticated have room of their own, which strangers elsewhere cannot take.
type admission struct {
	mu        sync.Mutex
	strangers queue
	members   queue
	meters    map[netip.Addr]*rate.Meter
	known     map[netip.Addr]time.Time // when a member authenticated last, by host

	inside int
	by     map[string]int // authenticated connections, by peer
}

func (a *admission) init() {
	a.strangers = queue{most: mostPending, mostBy: mostPendingBy}
	a.members = queue{most: mostPendingKnown, mostBy: mostPendingKnown}
	a.meters, a.known, a.by = make(map[netip.Addr]*rate.Meter), make(map[netip.Addr]time.Time), make(map[string]int)
}

// enter lets a connection authenticate, and returns the connection that it evicts, nil for none. A connection is safe from
// newcomers for patience.
func (a *admission) enter(c *pending, patience time.Duration) (evicted *pending, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	member := c.since.Sub(a.known[c.host]) < knownFor
	limit := handshakes
	if member {
		limit = knownHandshakes
	}
	if !a.meter(c.host).Pass(limit, c.since) {
		return nil, false
	}
	if member {
		if evicted, ok = a.members.add(c, patience); ok {
			return evicted, true
		}
	}
	return a.strangers.add(c, patience)
}

// share returns the share of the budget that the handshakes of a host use.
func (a *admission) share(host netip.Addr, now time.Time) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	if now.Sub(a.known[host]) < knownFor {
		return members
	}
	return strangers
}

// meter is called with the lock held.
func (a *admission) meter(host netip.Addr) *rate.Meter {
	m := a.meters[host]
	if m == nil {
		if len(a.meters) >= mostMeters {
			clear(a.meters)
		}
		m = new(rate.Meter)
		a.meters[host] = m
	}
	return m
}

// leave ends the wait of a connection, and reports whether it was still waiting: an evicted one is not.
func (a *admission) leave(c *pending) (waited bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	strangers, members := a.strangers.remove(c), a.members.remove(c)
	return strangers || members
}

// authenticated records that a member is at a host.
func (a *admission) authenticated(host netip.Addr, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.known) >= mostKnown {
		maps.DeleteFunc(a.known, func(_ netip.Addr, at time.Time) bool { return now.Sub(at) >= knownFor })
	}
	if _, again := a.known[host]; again || len(a.known) < mostKnown {
		a.known[host] = now
	}
}

// admit counts a connection of a peer, until out.
func (a *admission) admit(id string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.inside >= mostProven || a.by[id] >= mostProvenBy {
		return false
	}
	a.inside++
	a.by[id]++
	return true
}

func (a *admission) out(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.inside--
	if a.by[id]--; a.by[id] == 0 {
		delete(a.by, id)
	}
}
