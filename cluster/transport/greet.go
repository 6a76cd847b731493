package transport

import (
	"net/netip"
	"sync"
	"time"

	"github.com/grapevine-go/grapevine/cluster/internal/rate"
)

const (
	greetPause   = 2 * time.Second // between two to one address
	greetTimeout = 2 * time.Second // a member answers within milliseconds, or three round trips of a slow link
	mostGreeting = 4               // at a time, beside the handshakes with members
	mostGreeted  = 1024            // addresses that are remembered
)

// greetings are those to all addresses.
var greetings = rate.Limit{AtOnce: 32, EachSecond: 8}

// greet makes keys with somebody whose datagram cannot be read: it may be a member that this one has forgotten. Whoever
// sends rubbish under many addresses makes this member dial few of them. A process that is late itself dials nobody for it.
func (t *Transport) greet(addr netip.AddrPort) {
	if !addr.IsValid() || t.lag.Strained() || !t.greeted.due(addr, time.Now()) {
		return
	}
	t.spawn(func() {
		if !t.greeting.TryTake() {
			return // it sends more
		}
		defer t.greeting.Free()
		id, err := t.Identify(t.ctx, addr.String(), greetTimeout)
		t.log.Debug().Err(err).Stringer("address", addr).Str("peer", id).Msg("cluster: asked the sender of a datagram who it is")
	})
}

// greeted bounds how often strangers are dialled.
type greeted struct {
	mu    sync.Mutex
	last  map[netip.AddrPort]time.Time
	meter rate.Meter
}

func (g *greeted) due(addr netip.AddrPort, now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if last, ok := g.last[addr]; ok && now.Sub(last) < greetPause || !g.meter.Pass(greetings, now) {
		return false
	}
	if g.last == nil || len(g.last) >= mostGreeted {
		g.last = make(map[netip.AddrPort]time.Time)
	}
	g.last[addr] = now
	return true
}
