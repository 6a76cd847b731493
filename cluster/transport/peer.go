package transport

import (
	"sync"
	"time"
)

const (
	mostWaiting      = 64        // messages to one peer that wait for keys or a stream
	mostWaitingBytes = 256 << 10 // and bytes of them; the oldest are dropped
	mostSessions     = 4         // of one peer that are accepted: both sides may dial at once, again and again
	refusalPause     = time.Second
	foreignPause     = 10 * time.Minute
)

// peer is another member as this one sends to it. One that was never met is known by its address alone.
type peer struct {
	id string // "" for whoever is at the address

	mu        sync.Mutex
	address   string
	sessions  []*session // that both sides have; the newest comes last
	certified string     // the source of the newest
	link      *link
	queue     []*parcel
	queued    int           // bytes
	busy      bool          // a courier is at it
	refusal   error         // why the peer was refused last, or the handshake broke
	pause     moment        // until when it is not tried again
	broken    int           // handshakes that broke since one ended well
	keyed     chan struct{} // closed when there are new keys; nil while nobody waits for them
	ways      [sizes]way
	unheard   int    // datagrams that were sent since one came
	silent    moment // when the first of those was sent
	used      moment
	credit    int // bytes that may go to an address where the peer has not proven itself, see mayGo
}

// parcel is a message that could not be sent at once.
type parcel struct {
	kind    Kind
	payload []byte
	back    bool       // not by datagram: see mayGo
	outcome chan error // has room for one; nil for a datagram
}

// current is the session to send with, nil for none: the newest. It is called with the lock held.
func (p *peer) current(now time.Time) *session {
	if last := len(p.sessions) - 1; last >= 0 && p.sessions[last].until.after(now) {
		return p.sessions[last]
	}
	return nil
}

// session is current without the lock.
func (p *peer) session() *session {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.current(time.Now())
}

// awaitKeys returns a channel that is closed when there are new keys.
func (p *peer) awaitKeys() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.keyed == nil {
		p.keyed = make(chan struct{})
	}
	return p.keyed
}

// unused says whether nothing was sent to the peer for so long. It is called with the lock held.
func (p *peer) unused(idle time.Duration, now time.Time) bool {
	return p.used.until(now) > idle && !p.busy && p.link == nil
}

// refused says why the peer is not to be tried now, if it is not. It is called with the lock held.
func (p *peer) refused(now time.Time) error {
	if p.pause.after(now) {
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

// adopt makes s the session to send with, unless it is nil.
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
