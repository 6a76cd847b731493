package transport

import (
	"net/netip"
	"sync"
	"time"

	"github.com/grapevine-go/grapevine/cluster/internal/aged"
)

// mostProved is how many addresses are remembered at which a member has proven itself; the oldest is forgotten.
const mostProved = 16384

// proved holds which member proved itself last at an address: it was dialled there, or it answered
// there what was unpredictable. What a member says of its own address, or others say of it, proves nothing.
type proved struct {
	mu sync.RWMutex
	at *aged.Map[string, proof] // by address
}

type proof struct {
	id string
	at moment
}

// proofLasts is how long a proof holds of a member that is not known to be alive: it may be gone.
const proofLasts = 10 * time.Second

func (p *proved) init() { p.at = aged.New[string, proof](mostProved) }

func (p *proved) add(address, id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at.Set(address, proof{id, momentOf(time.Now())})
}

// remove forgets an address at which another cluster is, or nothing that a member would be.
func (p *proved) remove(address string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at.Delete(address)
}

// has reports whether a member proved itself at an address, and none after it.
func (p *proved) has(address, id string) bool {
	p.mu.RLock()
	defer p.mu.RUnlock()
	found, ok := p.at.Find(address)
	return ok && found.id == id
}

// lately reports whether that was a moment ago.
func (p *proved) lately(address, id string, now time.Time) bool {
	p.mu.RLock()
	defer p.mu.RUnlock()
	found, ok := p.at.Find(address)
	return ok && found.id == id && found.at.until(now) < proofLasts
}

// any reports whether a member proved itself at an address.
func (p *proved) any(address string) bool {
	p.mu.RLock()
	defer p.mu.RUnlock()
	_, ok := p.at.Find(address)
	return ok
}

// Proven returns the identity of the member that proved itself last at an address, and "" if none
// did. Nothing that others say of the address changes it.
func (t *Transport) Proven(address string) string {
	t.proved.mu.RLock()
	defer t.proved.mu.RUnlock()
	return t.proved.at.Get(address).id
}

// knows reports whether a member is known to be at an address: it proved itself there a moment ago,
// or is known to be alive there.
func (t *Transport) knows(id string, at netip.AddrPort) bool {
	if t.proved.lately(at.String(), id, time.Now()) {
		return true
	}
	address, alive := t.alive(id)
	return alive && address == at.String()
}

// alive returns where a member is that is known to be alive.
func (t *Transport) alive(id string) (address string, ok bool) {
	if t.aliveAt != nil {
		return t.aliveAt(id)
	}
	p := t.book.known(id)
	if p == nil {
		return "", false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.address, t.proved.has(p.address, id)
}
