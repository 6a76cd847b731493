package cluster

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"math/rand" // of the first version, as memberlist: a test can seed both together
	"time"

	"github.com/grapevine-go/grapevine/membership"
)

const mostOwed = 1024 // records whose owners memberlist does not know yet

// owe notes that a record was pushed, which is to be acknowledged once its owner is known to live.
// Memberlist is told of an owner that it does not know.
func (n *Node) owe(push pushEvent) {
	owner := identityOf(push.record)
	if _, known := n.owed[owner]; !known && len(n.owed) >= mostOwed {
		return // it will send again
	}
	due := n.owed[owner]
	due.insists = push.insists
	if !n.push.has(owner) && owner != n.id && push.record.State != membership.Left && time.Since(due.vouched) >= vouchAgain {
		due.vouched = time.Now()
		n.vouch(push.by, owner, push.from, push.meta)
	}
	n.owed[owner] = due
}

// debt is an acknowledgement that is due.
type debt struct {
	insists bool      // its owner asks for it by stream
	vouched time.Time // when memberlist was told of its owner
}

// vouchAgain is how soon memberlist is told of the same member again.
const vouchAgain = time.Second

const (
	// settlePatience is how long subscribers of the view may take before a drain is confirmed
	// without them: one that is stuck must not keep others from leaving for long.
	settlePatience = 750 * time.Millisecond
	mostSettling   = 64 // confirmations that wait for subscribers; more are given at once
)

// acknowledge tells the owners of records that were pushed what is known of their names now, which
// may be a newer boot.
func (n *Node) acknowledge() {
	for owner, due := range n.owed {
		address, living := n.push.address(owner)
		if !living {
			continue
		}
		delete(n.owed, owner)
		if known, _ := n.store.Record(owner.name); known.Boot.ID == owner.boot && !known.Whole() {
			continue // there was no room for it before its owner was known to live: it will send again
		}
		n.onceSettled(owner, func() {
			if due.insists {
				n.acknowledgeByStream(owner, address)
			} else {
				n.send(address, n.ack(owner))
			}
		})
	}
}

// onceSettled confirms a record. The confirmation to a member that drains or leaves waits until the
// subscribers of this member's view have dealt with that: from then on nobody here picks the member.
func (n *Node) onceSettled(owner identity, confirm func()) {
	known, _ := n.store.Record(owner.name)
	if known.State == membership.Active || !n.settling.TryTake() {
		confirm()
		return
	}
	begun := n.spawn(func() {
		defer n.settling.Free()
		ctx, cancel := context.WithTimeout(n.ctx, settlePatience)
		defer cancel()
		_ = n.View().Settled(ctx) // or they are late, see settlePatience
		confirm()
	})
	if !begun {
		n.settling.Free()
	}
}

// ack says what is known of the name of an owner.
func (n *Node) ack(owner identity) []byte {
	known, own := n.store.Said(owner.name)
	m := note{from: n.id, subject: owner, boot: known.Boot, version: known.Version}
	if !own {
		m.replyTo = checksum(known, n.wire)
	}
	return m.encode(kindAck)
}

// checksum distinguishes two records that others passed on under one version.
func checksum(r membership.Record, wire byte) string {
	encoded, _ := r.Encode(nil, wire) // it was checked when it arrived
	sum := sha256.Sum256(encoded)
	return hex.EncodeToString(sum[:8])
}

// spreadAcks is by how much, for each member, the confirmations of a relayed record are spread:
// they all go to its owner.
const spreadAcks = 10 * time.Microsecond

// confirmRelayed acknowledges a record that came by way of a relay to its owner.
func (n *Node) confirmRelayed(owner identity) {
	address, living := n.push.address(owner)
	if !living {
		return
	}
	send := func() { n.onceSettled(owner, func() { n.send(address, n.ack(owner)) }) }
	begun := n.spawnIn(n.push.acks, func() {
		if sleep(n.ctx, time.Duration(rand.Int63n(int64(spreadAcks)*int64(1+n.push.count())))) {
			send()
		}
	})
	if !begun {
		send()
	}
}

// handleAck takes the acknowledgement of a peer. An acknowledgement of a version that this member never
// wrote does not count.
func (n *Node) handleAck(m note) {
	own := n.record()
	switch {
	case m.subject != n.id:
		n.relay.confirmed(m)
	case m.boot.ID != n.id.boot:
		n.name.mentioned(m.from, m.boot)
	case m.boot == own.Boot && m.version <= own.Version:
		n.push.confirmed(m.from, m.version, m.replyTo)
	case !n.push.has(m.from):
	case m.replyTo != "": // others told it
		n.push.contradict(m.from)
		n.outdoLater(m.boot, m.version)
	default:
		n.outdo(m.boot, m.version)
	}
}

// acknowledgeByStream sends one acknowledgement to a peer at a time, with what is known once it is its turn.
func (n *Node) acknowledgeByStream(owner identity, address Address) {
	if !n.push.streams.beginAck(owner.name) {
		return // the owner will send again
	}
	begun := n.spawnIn(n.push.acks, func() {
		defer n.push.streams.endAck(owner.name)
		_ = n.push.streamWithin(n.ctx, owner, address, func() []byte { return n.ack(owner) })
	})
	if !begun {
		n.push.streams.endAck(owner.name)
	}
}
