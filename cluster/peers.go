package cluster

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
	"time"
)

// peer is a living member other than this one.
type peer struct {
	address   string
	met       bool      // it said something to this node itself
	proven    time.Time // when a message of its own came from its address first
	lost      bool      // it was lost here, and has not answered at its address since
	probed    time.Time // when it was probed last for that
	pause     time.Duration
	wire      byte      // the newest wire version that it and this node speak
	left      bool      // it said goodbye: nothing is sent to it, and no drain waits for it
	acked     uint64    // the latest version that it is known to have
	tried     uint64    // the latest version that was sent
	attempts  int       // since it last acknowledged one
	next      time.Time // of the next attempt
	corrected time.Time // when acked was dropped last, as the peer turned out not to have it
	streaming bool
}

// correctAgain is how soon acked may be dropped again: heads that were under way repeat the old state.
const correctAgain = time.Second

// add gives the peer that was at the address until now, if there was one.
func (p *pusher) add(id identity, address string, wire byte) (before identity, taken bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if known := p.peers[id]; known != nil {
		if known.address == address {
			return before, false
		}
		p.leave(id, known.address)
	}
	before, taken = p.at[address]
	p.at[address] = id
	p.peers[id] = &peer{address: address, wire: wire}
	p.lagging[id] = p.peers[id]
	p.wake()
	p.kick()
	p.node.guard.wake()
	return before, taken
}

func (p *pusher) remove(id identity) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if known := p.peers[id]; known != nil {
		p.leave(id, known.address)
		delete(p.peers, id)
		delete(p.lagging, id)
		p.wake()
		p.node.guard.wake()
	}
}

// leave notes that a peer is not at address any more. Called with the lock held.
func (p *pusher) leave(id identity, address string) {
	if p.at[address] == id {
		delete(p.at, address)
	}
}

// acked notes that a peer has a version of this member's record, which was sent to it.
func (p *pusher) acked(id identity, version uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if known := p.peers[id]; known != nil && version > known.acked && version <= known.tried {
		known.acked, known.attempts = version, 0
		if version >= p.latest {
			delete(p.lagging, id)
		}
		p.wake()
	}
}

// correct sends this member's record again to a peer that turns out not to have it. One that takes this member for dead
// although it knew it is told in the words of memberlist as well.
func (p *pusher) correct(id identity, dead bool) {
	p.mu.Lock()
	known := p.peers[id]
	if known == nil || known.acked == 0 || known.left || time.Since(known.corrected) < correctAgain {
		p.mu.Unlock()
		return // it is being told
	}
	known.corrected = time.Now()
	p.renew(id, known)
	address := known.address
	p.mu.Unlock()
	p.kick()
	if dead {
		p.node.spawn(func() { p.introduce(id, Address{Addr: address}) })
	}
}

// contradict sends this member's record to a peer that has another one of it, whose word for it was a relay's or a liar's.
func (p *pusher) contradict(id identity) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if known := p.peers[id]; known != nil && !known.left && time.Since(known.corrected) >= correctAgain {
		known.corrected = time.Now()
		p.renew(id, known)
		p.kick()
	}
}

// restart has this member's record sent to all as if they had none: its versions begin anew.
func (p *pusher) restart() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.latest = 0
	for id, known := range p.peers {
		if known.tried = 0; !known.left {
			p.renew(id, known)
		}
	}
}

// renew has this member's record sent to a peer as if it had none. Called with the lock held.
func (p *pusher) renew(id identity, known *peer) {
	known.acked, known.attempts, known.next = 0, 0, time.Time{}
	p.lagging[id] = known
}

// wake tells whoever waits for changed. Called with the lock held.
func (p *pusher) wake() {
	close(p.changed)
	p.changed = make(chan struct{})
}

// address is where a living peer is.
func (p *pusher) address(id identity) (Address, bool) {
	to, _, living := p.peer(id)
	return to, living
}

// has reports whether a peer lives.
func (p *pusher) has(id identity) bool {
	_, _, living := p.peer(id)
	return living
}

// peer gives where a living peer is, and the newest wire version that both speak.
func (p *pusher) peer(id identity) (to Address, wire byte, living bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if known := p.peers[id]; known != nil {
		return Address{Addr: known.address, Name: id.String()}, known.wire, true
	}
	return to, 0, false
}

// mark records that a peer was lost here, or that it is confirmed.
func (p *pusher) mark(id identity, lost, confirmed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if known := p.peers[id]; known != nil {
		met := confirmed || known.met && !lost
		if met != known.met {
			p.node.guard.wake()
		}
		known.lost, known.met = lost, met
	}
}

// meet records a sign of life of a peer, and reports whether it is the first, and whether the peer
// is to be probed instead, as it was lost before.
func (p *pusher) meet(id identity) (first, probe bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	known := p.peers[id]
	switch {
	case known == nil || known.met && !known.lost:
		return false, false
	case known.lost:
		if probe = time.Since(known.probed) >= known.pause; probe {
			known.probed, known.pause = time.Now(), min(max(2*known.pause, firstProof), slowestProof)
		}
		return false, probe
	}
	known.met = true
	p.node.guard.wake()
	return true, false
}

// isLost reports whether a peer was lost here and has not answered at its address since.
func (p *pusher) isLost(id identity) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	known := p.peers[id]
	return known != nil && known.lost
}

// known returns what is known of a living peer.
func (p *pusher) known(id identity) (known peer, living bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if known := p.peers[id]; known != nil {
		return *known, true
	}
	return known, false
}

// prove records that an authenticated message of a peer came from an address.
func (p *pusher) prove(id identity, from netip.AddrPort) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if known := p.peers[id]; known != nil && known.proven.IsZero() && known.address == from.String() {
		known.proven = time.Now()
	}
}

// proven returns the addresses at which living peers have proven themselves, one of each name, the
// first to do so first. provenAt returns the identity that proved itself at an address.
func (p *pusher) proven(provenAt func(address string) string) (addresses []string) {
	p.mu.Lock()
	last := make(map[string]peer) // by name
	for id, known := range p.peers {
		if known.proven.IsZero() && provenAt(known.address) == id.String() {
			known.proven = time.Now()
		}
		if known.proven.After(last[id.name].proven) {
			last[id.name] = *known
		}
	}
	p.mu.Unlock()
	all := slices.SortedFunc(maps.Values(last), func(a, b peer) int {
		return cmp.Or(a.proven.Compare(b.proven), cmp.Compare(a.address, b.address))
	})
	for _, one := range all {
		addresses = append(addresses, one.address)
	}
	return addresses
}

// count is how many living peers there are.
func (p *pusher) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.peers)
}

// living gives the addresses of all living peers.
func (p *pusher) living() map[identity]string {
	p.mu.Lock()
	defer p.mu.Unlock()
	living := make(map[identity]string, len(p.peers))
	for id, known := range p.peers {
		living[id] = known.address
	}
	return living
}

// contacted returns the addresses of the living peers that spoke to this node.
func (p *pusher) contacted() map[identity]string {
	p.mu.Lock()
	defer p.mu.Unlock()
	contacted := make(map[identity]string, len(p.peers))
	for id, known := range p.peers {
		if known.met {
			contacted[id] = known.address
		}
	}
	return contacted
}

// behind returns the peers that are not known to have version, and a channel that closes when that changes.
func (p *pusher) behind(version uint64) (missing []identity, changed <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for id, known := range p.peers {
		if known.acked < version && !known.left {
			missing = append(missing, id)
		}
	}
	return missing, p.changed
}
