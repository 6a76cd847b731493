package cluster

import "github.com/grapevine-go/grapevine/membership"

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

// acknowledge tells the owners of records that were pushed what is known of their names now, which may be a newer boot.
func (n *Node) acknowledge() {
	for owner, byStream := range n.owed {
		address, living := n.push.address(owner)
		if !living {
			continue
		}
		delete(n.owed, owner)
		ack := n.ack(owner)
		if byStream {
			n.acknowledgeByStream(owner, address, ack)
		} else {
			n.send(address, ack)
		}
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
		n.send(address, n.ack(owner))
	}
}

func (n *Node) acknowledgeByStream(owner identity, address Address, ack []byte) {
	if n.push.acks.TryTake() { // else the owner will send again
		n.spawn(func() {
			defer n.push.acks.Free()
			n.push.stream(owner, address, ack)
		})
	}
}
