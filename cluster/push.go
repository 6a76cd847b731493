package cluster

import (
	"math/rand" // of the first version, as memberlist: a test can seed both together
	"sync"
	"time"

	"github.com/grapevine-go/grapevine/cluster/internal/slots"
	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/membership"
)

const (
	firstResend   = 100 * time.Millisecond // doubles with each attempt
	slowestResend = 5 * time.Second

	// pace is how far apart new versions are sent in a burst of changes, after the first of them; what comes meanwhile is
	// merged into the next version.
	pace          = 20 * time.Millisecond
	changesAtOnce = 4
	datagramTries = 3   // within 0.7 s, before streams are tried
	lateTries     = 9   // likewise, while this process is late: the acknowledgement may wait unread
	burst         = 128 // datagrams at once: more would overflow queues on their way, or those of this host
	burstPause    = time.Millisecond
)

// pusher sends this member's record to every live peer until the peer has acknowledged its latest version. A change goes at
// once; a burst of them is merged into few versions.
type pusher struct {
	node          *Node
	woken         chan struct{} // holds one token while there may be something to send
	streams       *streams
	introductions slots.Slots
	acks          slots.Slots

	mu      sync.Mutex
	peers   map[identity]*peer
	at      map[string]identity // the peer seen last at each address
	latest  uint64              // the version that is being sent
	paced   time.Time           // until when changes are accounted for (the theoretical arrival time of GCRA, ITU-T I.371)
	lagging map[identity]*peer  // those of peers that are not known to have it
	changed chan struct{}       // closed when a peer acknowledged, came or went

	directPeers int                     // more of them get a change by way of relays
	branches    map[identity][]identity // the groups of the latest version, by relay
	state       membership.State        // of the version that is being sent
	sum         string                  // its checksum, if there are as many peers
}

func newPusher(n *Node) *pusher {
	return &pusher{
		node:          n,
		woken:         make(chan struct{}, 1),
		streams:       newStreams(),
		introductions: make(slots.Slots, mostIntroductions),
		acks:          make(slots.Slots, mostAcks),
		peers:         make(map[identity]*peer),
		at:            make(map[string]identity),
		lagging:       make(map[identity]*peer),
		changed:       make(chan struct{}),
		directPeers:   defaultDirectPeers,
		branches:      make(map[identity][]identity),
	}
}

// kick says that there is something new to send.
func (p *pusher) kick() {
	putToken(p.woken)
}

// run sends what is due until the node closes.
func (p *pusher) run() {
	for {
		timer := time.NewTimer(p.sendDue())
		select {
		case <-p.woken:
		case <-timer.C:
		case <-p.node.ctx.Done():
			timer.Stop()
			return
		}
		timer.Stop()
	}
}

// sendDue sends to every peer whose time has come and says how long to wait for the next.
func (p *pusher) sendDue() (wait time.Duration) {
	if !p.node.name.mayPush() {
		return slowestResend
	}
	record := p.node.record()
	if early := p.early(record.Version); early > 0 {
		return early
	}
	encoded, err := encodeForms(appendPush([]byte{byte(kindRecord)}, p.node.address, metaOf(p.node.wire)), record, p.node.wire)
	if err != nil {
		p.node.log.Error().Err(err).Msg("cluster: cannot encode this member's record") // cannot be: change checked it
		return slowestResend
	}
	p.describe(record)
	for _, b := range p.begin(record.Version) {
		p.sendBranch(b, encoded[p.node.wire])
	}
	due, wait := p.takeDue(record.Version)
	for _, to := range due {
		p.sendTo(to, encoded[to.peer.wire])
	}
	return wait
}

// describe notes what is about to be sent, before begin.
func (p *pusher) describe(record membership.Record) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.latest == record.Version {
		return
	}
	if p.state, p.sum = record.State, ""; len(p.peers) > p.directPeers {
		p.sum = checksum(record, p.node.wire)
	}
}

// early says for how long to wait with a version because others were sent just before.
func (p *pusher) early(version uint64) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if version == p.latest {
		return 0
	}
	return time.Until(p.paced.Add(-(changesAtOnce - 1) * pace))
}

// delivery is one sending to a peer, decided under the lock and made without.
type delivery struct {
	peer       *peer
	to         Address
	id         identity
	insists    bool // datagrams alone did not do
	introduces bool // nor did anything else
}

// begin takes note of a new version, which all peers lack, and gives the groups that get it by way of a relay.
func (p *pusher) begin(version uint64) (plan []branch) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if version <= p.latest {
		return nil
	}
	p.latest = version
	if now := time.Now(); p.paced.Before(now) {
		p.paced = now
	}
	p.paced = p.paced.Add(pace)
	for id, peer := range p.peers {
		if peer.acked < version && !peer.left {
			p.lagging[id] = peer
		}
	}
	return p.takeBranches()
}

// takeDue gives the peers whose time to get version has come, and how long it is until the next.
func (p *pusher) takeDue(version uint64) (due []delivery, wait time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	wait = slowestResend
	first, tries := p.node.stretch(firstResend), datagramTries
	if p.node.strained() {
		tries = lateTries
	}
	for id, peer := range p.lagging {
		if peer.tried < version {
			peer.tried, peer.next = version, time.Time{} // what is new goes at once
		}
		if left := time.Until(peer.next); left > 0 {
			wait = min(wait, left)
			continue
		}
		if len(due) == burst {
			return due, burstPause
		}
		insists := peer.attempts >= tries
		due = append(due, delivery{peer, Address{Addr: peer.address, Name: id.String()}, id, insists, insists && peer.acked == 0})
		backoff := min(first<<min(peer.attempts, 16), slowestResend)
		backoff += time.Duration(rand.Int63n(int64(backoff / 4)))
		peer.attempts++
		peer.next = time.Now().Add(backoff)
		wait = min(wait, backoff)
	}
	return due, wait
}

// sendTo sends a datagram, and starts a stream where a datagram is too small or does not arrive.
func (p *pusher) sendTo(d delivery, encoded []byte) {
	small := len(encoded)-1 <= transport.MaxDatagram // the kind counts apart
	if small {
		p.node.send(d.to, encoded) // also when streams are tried: what is new must not wait for a slot
	}
	if small && !d.insists || !p.beginStream(d.peer) {
		return
	}
	if d.insists {
		encoded = append([]byte{byte(kindInsist)}, encoded[1:]...)
	}
	p.node.work.Go(func() {
		defer p.endStream(d.peer)
		if d.introduces {
			p.introduce(d.id, d.to)
		}
		p.stream(d.id, d.to, encoded)
	})
}

// beginStream allows one stream to a peer at a time.
func (p *pusher) beginStream(to *peer) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	began := !to.streaming
	to.streaming = true
	return began
}

func (p *pusher) endStream(to *peer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	to.streaming = false
}
