package cluster

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand" // of the first version, as memberlist: a test can seed both together
	"slices"
	"strings"
	"time"

	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/membership"
)

// Above directPeers peers a change goes over a tree of two levels: the owner sends it to one relay for each group of about as
// many peers as there are groups, and the relay to its group, so that nobody sends more than about twice the square root of
// their number. Groups are ranges of the peers in order, so that a range is all that the relay is told. A record that came by
// way of a relay counts at once, and its receiver confirms it to the owner itself, with a checksum: the relay may have changed
// it. A peer that does not confirm in time, or another record, is pushed to directly, as below. A goodbye does not go over
// the tree: it counts from its owner alone. Members of earlier releases confirm to the relay, and the relay for them.

const (
	defaultDirectPeers = 256

	relayPatience = time.Second            // from when on the owner pushes directly
	relayGathers  = 100 * time.Millisecond // between two messages in which a relay confirms for its group
	mostBranch    = 1024                   // peers that a relay sends to; an owner with a square root as large has a million
)

// branch is a group of peers and the one of them that relays to the others.
type branch struct {
	relay   identity
	to      Address
	members []identity // in order, the relay among them
}

// branches divides peers into groups.
func branches(peers []identity) (groups [][]identity) {
	slices.SortFunc(peers, compareIdentities)
	size := int(math.Ceil(math.Sqrt(float64(len(peers)))))
	return slices.Collect(slices.Chunk(peers, size))
}

func compareIdentities(a, b identity) int { return strings.Compare(a.String(), b.String()) }

// takeBranches plans the tree for the version that is being sent, if there are enough peers that take part: those that
// know this member, and speak its wire version. It is called with the lock held.
func (p *pusher) takeBranches() (plan []branch) {
	var peers []identity
	for id, known := range p.lagging {
		if known.acked > 0 && known.wire == p.node.wire {
			peers = append(peers, id)
		}
	}
	clear(p.branches)
	if len(peers) <= p.directPeers || p.state == membership.Left {
		return nil
	}
	for _, group := range branches(peers) {
		relay := group[rand.Intn(len(group))]
		for _, id := range group {
			known := p.lagging[id]
			known.tried, known.next = p.latest, time.Now().Add(relayPatience)
		}
		p.branches[relay] = group
		plan = append(plan, branch{relay, Address{Addr: p.peers[relay].address, Name: relay.String()}, group})
	}
	return plan
}

// sendBranch sends what is to be relayed, record and all.
func (p *pusher) sendBranch(b branch, push []byte) {
	message := appendText([]byte{byte(kindRelay)}, b.members[0].String())
	message = appendText(message, b.members[len(b.members)-1].String())
	p.sendEither(b.relay, b.to, append(message, push[1:]...))
}

// sendEither sends by datagram what fits into one, and by stream what does not.
func (p *pusher) sendEither(id identity, to Address, message []byte) {
	if len(message)-1 <= transport.MaxDatagram {
		p.node.send(to, message)
		return
	}
	p.node.spawn(func() { p.stream(id, to, message) })
}

// relays reports whether there are enough peers for a tree.
func (p *pusher) relays() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.peers) > p.directPeers
}

// confirmed notes that a peer has a version. A checksum, if there is one, is of a record that came by way of a relay.
func (p *pusher) confirmed(id identity, version uint64, sum string) {
	p.mu.Lock()
	changed := sum != "" && version == p.latest && p.sum != "" && sum != p.sum
	unknown := sum != "" && (version != p.latest || p.sum == "")
	p.mu.Unlock()
	switch {
	case changed:
		p.contradict(id)
	case !unknown:
		p.acked(id, version)
	}
}

// relayed notes which members of its group a relay confirms for. A drain waits for the word of each member itself.
func (p *pusher) relayed(m relayedMessage) {
	p.mu.Lock()
	group := p.branches[m.from]
	if p.state != membership.Active {
		group = nil
	}
	p.mu.Unlock()
	confirmed := make(map[uint64]bool, len(m.boots))
	for _, boot := range m.boots {
		confirmed[boot] = true
	}
	for _, id := range group {
		if confirmed[id.boot] {
			p.acked(id, m.version)
		}
	}
}

// between gives the living peers from first to last, but one.
func (p *pusher) between(first, last string, but identity) (group map[identity]Address) {
	p.mu.Lock()
	defer p.mu.Unlock()
	group = make(map[identity]Address)
	for id, known := range p.peers {
		if len(group) > mostBranch {
			return group // too many for a group
		}
		if name := id.String(); name >= first && name <= last && id != but {
			group[id] = Address{Addr: known.address, Name: name}
		}
	}
	return group
}

// relayedMessage is a relay's: these boots have that version of the receiver's record.
type relayedMessage struct {
	from    identity
	version uint64
	boots   []uint64
}

func (m relayedMessage) encode() []byte {
	buf := appendText([]byte{byte(kindRelayed)}, m.from.String())
	buf = binary.BigEndian.AppendUint64(buf, m.version)
	for _, boot := range m.boots {
		buf = binary.BigEndian.AppendUint64(buf, boot)
	}
	return buf
}

func decodeRelayed(buf []byte) (m relayedMessage, err error) {
	if m.from, buf, err = cutIdentity(buf); err != nil {
		return m, err
	}
	if len(buf) < 8 || len(buf)%8 != 0 || len(buf) > 8+8*mostBranch {
		return m, errMalformed
	}
	if m.version = binary.BigEndian.Uint64(buf); m.version >= membership.NumberLimit {
		return relayedMessage{}, fmt.Errorf("%w: version %d must be below 2^62", errMalformed, m.version)
	}
	for buf = buf[8:]; len(buf) > 0; buf = buf[8:] {
		m.boots = append(m.boots, binary.BigEndian.Uint64(buf))
	}
	return m, nil
}

// decodeRelay parses what an owner has relayed: a range, and its push.
func decodeRelay(buf []byte, newest byte) (first, last string, push pushEvent, err error) {
	first, buf, ok1 := cutText(buf)
	last, buf, ok2 := cutText(buf)
	if !ok1 || !ok2 {
		return "", "", push, errMalformed
	}
	push, err = decodePush(buf, newest)
	return first, last, push, err
}

// branchMessage is a record that its sender relays, to be acknowledged to it.
func encodeBranch(from identity, encoded []byte) []byte {
	return append(appendText([]byte{byte(kindBranch)}, from.String()), encoded...)
}

func decodeBranch(buf []byte, newest byte) (from identity, record membership.Record, err error) {
	if from, buf, err = cutIdentity(buf); err != nil {
		return from, record, err
	}
	if record, err = decodeRecord(buf, newest); err != nil {
		return from, record, fmt.Errorf("%w: %w", errMalformed, err)
	}
	return from, record, nil
}
