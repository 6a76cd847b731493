package cluster

import (
	"context"
	"time"

	"github.com/grapevine-go/grapevine/membership"
)

// owe takes note that a record was pushed, which is to be acknowledged once its owner is known to live. Memberlist is
// told of an owner that it does not know.
func (n *Node) owe(push pushEvent) {
	owner := identityOf(push.record)
	if len(n.owed) >= mostMessages {
		return // it will send again
	}
	n.owed[owner] = push.insists
	if _, living := n.push.address(owner); !living && owner != n.id && push.record.State != membership.Left {
		n.vouch(owner, push.from, push.meta)
	}
}

const (
	// settlePatience is how long subscribers of the view may take before a drain is confirmed without them: one that is stuck
	// must not keep others from leaving for long.
	settlePatience = 750 * time.Millisecond
	mostSettling   = 64 // confirmations that wait for subscribers; more are given at once
)

// acknowledge tells the owners of records that were pushed what is known of their names now, which may be a newer boot.
func (n *Node) acknowledge() {
	for owner, byStream := range n.owed {
		address, living := n.push.address(owner)
		if !living {
			continue
		}
		delete(n.owed, owner)
		n.onceSettled(owner, func() {
			if byStream {
				n.acknowledgeByStream(owner, address)
			} else {
				n.send(address, n.ack(owner))
			}
		})
	}
}

// onceSettled confirms a record. Who drains or leaves is told only when those who subscribe to this member's view have dealt
// with that: from then on nobody here picks it.
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
	known, _ := n.store.Record(owner.name)
	return note{from: n.id, subject: owner, boot: known.Boot, version: known.Version}.encode(kindAck)
}

// confirmTo acknowledges a record to whoever relayed it.
func (n *Node) confirmTo(relay, owner identity) {
	if address, living := n.push.address(relay); living {
		n.onceSettled(owner, func() { n.send(address, n.ack(owner)) })
	}
}

func (n *Node) acknowledgeByStream(owner identity, address Address) {
	n.spawnIn(n.push.acks, func() { // or else the owner will send again
		n.push.stream(owner, address, n.ack(owner))
	})
}
