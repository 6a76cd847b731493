package transport

import (
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// book holds the peers and the sessions with them.
type book struct {
	mu       sync.RWMutex
	named    map[string]*peer
	at       map[string]*peer         // who was found at an address by dialling it, or is looked for there
	living   map[netip.AddrPort]*peer // who sends from an address; nil where datagrams say it themselves, as they are sealed
	sessions map[keyID]entry
	links    map[*link]struct{}
	taken    map[string]*room // by the name of a member
	rooms    rooms
}

type entry struct {
	session *session
	peer    *peer
}

func (b *book) init(sealed bool) {
	b.named, b.at, b.sessions = make(map[string]*peer), make(map[string]*peer), make(map[keyID]entry)
	b.links, b.taken = make(map[*link]struct{}), make(map[string]*room)
	if !sealed {
		b.living = make(map[netip.AddrPort]*peer)
	}
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
	if b.living == nil {
		return
	}
	addr, err := netip.ParseAddrPort(p.address)
	if err == nil && (p.id != "" || b.living[addr] == nil) {
		b.living[addr] = p
	}
}

// owner gives the peer who said itself, and proved who it is, where it is dialled: whatever others said before.
func (b *book) owner(from Address) *peer {
	p := b.peer(from)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.address = from.Addr
	return p
}

// expect lets datagrams of a session be opened, of which it is not known yet whether the peer has it, too.
func (b *book) expect(s *session, from Address) {
	p := b.owner(from)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sessions[s.id] = entry{s, p}
}

// install makes a session, which both sides have, the one to send with to its peer, who said hello from that address. One that was made by the way, as this side dialled for something else, is not needed beside another.
func (b *book) install(s *session, from Address, byTheWay bool) (installed bool) {
	p := b.owner(from)
	p.mu.Lock()
	defer p.mu.Unlock()
	if slices.Contains(p.sessions, s) {
		return true
	}
	if byTheWay && p.current(time.Now()) != nil {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.named[p.id] = p // again, where it was forgotten just now
	b.adopt(s, p)
	if before := b.at[from.Addr]; before != nil && before != p {
		delete(b.at, from.Addr) // dial anew: somebody else says to be there
	}
	p.used, p.refusal, p.pause, p.broken = momentOf(time.Now()), nil, 0, 0
	return true
}

// adopt adds a session to those of its peer, of which the oldest may have to go. It is called with both locks held.
func (b *book) adopt(s *session, p *peer) {
	b.sessions[s.id], p.certified = entry{s, p}, s.certified
	p.credit = max(p.credit, firstCredit)
	if p.keyed != nil {
		close(p.keyed)
		p.keyed = nil
	}
	if p.sessions = append(p.sessions, s); len(p.sessions) > mostSessions {
		delete(b.sessions, p.sessions[0].id)
		p.sessions = slices.Clone(p.sessions[1:])
	}
}

// heardUnder notes that a datagram came from a peer, who has the keys of that session then.
func (b *book) heardUnder(s *session, p *peer, bytes int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.unheard = 0
	p.credit = min(p.credit+moreCredit*bytes, mostCredit)
	if slices.Contains(p.sessions, s) {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.sessions[s.id].session == s { // it was not dropped meanwhile
		b.adopt(s, p)
	}
}

// drop undoes expect, where it turns out that the peer does not have the session.
func (b *book) drop(s *session) {
	p := b.known(s.peer)
	if p == nil {
		return // it was forgotten, and its sessions with it
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.sessions[s.id].session == s { // of one who dialled itself, the other end has it
		delete(b.sessions, s.id)
	}
	p.sessions = slices.DeleteFunc(slices.Clone(p.sessions), func(other *session) bool { return other == s })
}

// meet notes who was found by dialling address.
func (b *book) meet(address, id string) {
	p := b.peer(Address{Addr: address, Name: id})
	b.mu.Lock()
	defer b.mu.Unlock()
	b.at[address] = p
}

// unmeet forgets that a peer was found by dialling address.
func (b *book) unmeet(address string, p *peer) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.at[address] == p {
		delete(b.at, address)
	}
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

// asker gives the peer that a message comes from, nil for a stranger.
func (b *book) asker(from From) *peer {
	switch {
	case from.ID != "":
		return b.known(from.ID)
	case from.says != "":
		return b.known(from.says)
	default:
		return b.livingAt(from.Addr)
	}
}

// heard notes that a datagram came from a peer.
func (b *book) heard(p *peer) {
	if p != nil {
		p.mu.Lock()
		p.unheard = 0
		p.mu.Unlock()
	}
}

func (b *book) addLink(l *link) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.links[l] = struct{}{}
}

func (b *book) removeLink(l *link) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.links, l)
}

// allLinks gives every link.
func (b *book) allLinks() []*link {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return slices.Collect(maps.Keys(b.links))
}

// room is that of the member who said hello from that address. All its boots have one.
func (b *book) room(from Address) *room {
	b.peer(from) // the room is forgotten with a peer
	name := nameOf(from.Name)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.taken[name] == nil {
		b.taken[name] = &room{rooms: &b.rooms}
	}
	return b.taken[name]
}

// leaveRoom forgets the room of a member that has nothing in flight. It is called with the lock held.
func (b *book) leaveRoom(name string) {
	if r := b.taken[name]; r != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.used == 0 {
			delete(b.taken, name)
		}
	}
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

// forget lets go of a peer and its sessions, if it was not sent to for so long.
func (b *book) forget(p *peer, idle time.Duration, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.unused(idle, now) {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range p.sessions {
		delete(b.sessions, s.id)
	}
	p.sessions = nil
	if b.named[p.id] == p {
		delete(b.named, p.id)
		b.leaveRoom(nameOf(p.id))
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

// keep drops the sessions of p that are not accepted any more. accepted may take its time, and runs without a lock.
func (b *book) keep(p *peer, accepted func(*session) bool) {
	p.mu.Lock()
	sessions := slices.Clone(p.sessions)
	p.mu.Unlock()
	gone := slices.DeleteFunc(sessions, accepted)
	if len(gone) == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sessions = slices.DeleteFunc(slices.Clone(p.sessions), func(s *session) bool { return slices.Contains(gone, s) })
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range gone {
		delete(b.sessions, s.id)
	}
}
