package transport

import (
	"net/netip"
	"sync"
	"time"
)

const (
	mostWaiting      = 64        // messages to one peer that wait for keys or a stream
	mostWaitingBytes = 256 << 10 // and bytes of them; the oldest are dropped
	mostSessions     = 4         // of one peer that are accepted: both sides may dial at once, again and again
	refusalPause     = time.Second
)

// peer is another member as this one sends to it. One that was never met is known by its address alone.
type peer struct {
	id string // "" for whoever is at the address

	mu        sync.Mutex
	address   string
	sessions  []*session // the newest, with which is sent, comes last
	certified string     // the source of the newest
	link      *link
	queue     []*parcel
	queued    int       // bytes
	busy      bool      // a courier is at it
	refusal   error     // why the peer was refused last
	pause     time.Time // until when it is not tried again
	ways      [sizes]way
	silent    time.Time // since when datagrams were sent and none came; zero when one came
	used      time.Time
	room      *room // made when needed
}

// parcel is a message that could not be sent at once.
type parcel struct {
	kind    Kind
	payload []byte
	outcome chan error // has room for one; nil for a datagram
}

// current is the session to send with, nil for none. It is called with the lock held.
func (p *peer) current(now time.Time) *session {
	if last := len(p.sessions) - 1; last >= 0 && now.Before(p.sessions[last].until) {
		return p.sessions[last]
	}
	return nil
}

// refused says why the peer is not to be tried now, if it is not. It is called with the lock held.
func (p *peer) refused(now time.Time) error {
	if now.Before(p.pause) {
		return p.refusal
	}
	return nil
}

// enqueue adds a parcel and drops the oldest where too much waits. It says how many were dropped, and whether a courier is
// to be sent. It is called with the lock held.
func (p *peer) enqueue(one *parcel) (dropped []*parcel, fetch bool) {
	p.queue = append(p.queue, one)
	p.queued += len(one.payload)
	for len(p.queue) > mostWaiting || p.queued > mostWaitingBytes && len(p.queue) > 1 {
		p.queued -= len(p.queue[0].payload)
		dropped = append(dropped, p.queue[0])
		p.queue = p.queue[1:]
	}
	fetch = !p.busy
	p.busy = true
	return dropped, fetch
}

// adopt makes s the session to send with, nil being none.
func (p *peer) adopt(s *session) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s != nil {
		p.sessions = []*session{s}
	}
}

// take gives what waits; when nothing does, the courier is done.
func (p *peer) take() []*parcel {
	p.mu.Lock()
	defer p.mu.Unlock()
	parcels := p.queue
	p.queue, p.queued = nil, 0
	p.busy = len(parcels) > 0
	return parcels
}

// book holds the peers and the sessions with them.
type book struct {
	mu       sync.RWMutex
	named    map[string]*peer
	at       map[string]*peer         // who was found at an address by dialling it, or is looked for there
	living   map[netip.AddrPort]*peer // who sends from an address, where nothing is sealed
	sessions map[keyID]entry
}

type entry struct {
	session *session
	peer    *peer
}

func (b *book) init() {
	b.named, b.at = make(map[string]*peer), make(map[string]*peer)
	b.living, b.sessions = make(map[netip.AddrPort]*peer), make(map[keyID]entry)
}

// peer gives who is meant by an address, which is made if it is new.
func (b *book) peer(to Address) *peer {
	b.mu.RLock()
	p := b.find(to)
	b.mu.RUnlock()
	if p == nil {
		b.mu.Lock()
		defer b.mu.Unlock()
		if p = b.find(to); p == nil {
			p = &peer{id: to.Name, address: to.Addr}
			b.add(p)
		}
	}
	return p
}

func (b *book) find(to Address) *peer {
	if to.Name != "" {
		return b.named[to.Name]
	}
	return b.at[to.Addr]
}

// add is called with the lock held.
func (b *book) add(p *peer) {
	if p.id != "" {
		b.named[p.id] = p
	} else {
		b.at[p.address] = p
	}
	addr, err := netip.ParseAddrPort(p.address)
	if err == nil && (p.id != "" || b.living[addr] == nil) {
		b.living[addr] = p
	}
}

// install makes a session the one with its peer, who says that it is dialled at address.
func (b *book) install(s *session, address string) {
	p := b.peer(Address{Addr: address, Name: s.peer})
	p.mu.Lock()
	defer p.mu.Unlock()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.named[p.id] = p // again, where it was forgotten just now
	if p.address == "" {
		p.address = address
	}
	b.sessions[s.id], p.certified = entry{s, p}, s.certified
	if p.sessions = append(p.sessions, s); len(p.sessions) > mostSessions {
		delete(b.sessions, p.sessions[0].id)
		p.sessions = append([]*session(nil), p.sessions[1:]...)
	}
	if before := b.at[address]; before != nil && before != p {
		delete(b.at, address) // dial anew: somebody else says to be there
	}
	p.used, p.refusal, p.pause = time.Now(), nil, time.Time{}
}

// meet notes who was found by dialling address.
func (b *book) meet(address, id string) {
	p := b.peer(Address{Addr: address, Name: id})
	b.mu.Lock()
	defer b.mu.Unlock()
	b.at[address] = p
}

// known gives the peer of an identity, nil for one that was never met nor sent to.
func (b *book) known(id string) *peer {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.named[id]
}

// session gives the session of a datagram and the peer that it is with.
func (b *book) session(id keyID) (*session, *peer) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	found := b.sessions[id]
	return found.session, found.peer
}

// livingAt gives who sends from an address where nothing is sealed, nil for a stranger.
func (b *book) livingAt(addr netip.AddrPort) *peer {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.living[addr]
}

// heard notes that a datagram came from a peer.
func (b *book) heard(p *peer) {
	if p != nil {
		p.mu.Lock()
		p.silent = time.Time{}
		p.mu.Unlock()
	}
}

// room is that of the peer who says that it is id.
func (b *book) room(id string) *room {
	p := b.peer(Address{Name: id})
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.room == nil {
		p.room = new(room)
	}
	return p.room
}

// all gives every peer.
func (b *book) all() map[*peer]struct{} {
	b.mu.RLock()
	defer b.mu.RUnlock()
	peers := make(map[*peer]struct{}, len(b.named)+len(b.at))
	for _, p := range b.named {
		peers[p] = struct{}{}
	}
	for _, p := range b.at {
		peers[p] = struct{}{}
	}
	return peers
}

// forget lets go of a peer and its sessions.
func (b *book) forget(p *peer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range p.sessions {
		delete(b.sessions, s.id)
	}
	p.sessions = nil
	if b.named[p.id] == p {
		delete(b.named, p.id)
	}
	for address, other := range b.at {
		if other == p {
			delete(b.at, address)
		}
	}
	for addr, other := range b.living {
		if other == p {
			delete(b.living, addr)
		}
	}
}

// keep drops the sessions of p that are over or that good refuses.
func (b *book) keep(p *peer, now time.Time, good func(*session) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var kept []*session
	for _, s := range p.sessions {
		if now.Before(s.until) && good(s) {
			kept = append(kept, s)
			continue
		}
		b.mu.Lock()
		delete(b.sessions, s.id)
		b.mu.Unlock()
	}
	if len(kept) < len(p.sessions) {
		p.sessions = kept
	}
}
