package cluster

import "time"

const (
	firstProof   = 2 * time.Second // between two probes of a member that was lost and speaks again; doubles with each
	slowestProof = 15 * time.Second
)

// contact acts on a sign of life of a member: it confirms one that memberlist reports alive, and
// clears a suspicion. A member that was lost here is probed at its address first, as it may speak
// from another address, at which nobody reaches it.
func (n *Node) contact(id identity) {
	first, probe := n.push.meet(id)
	if probe {
		n.spawn(func() { n.prove(id) })
	}
	if cleared := n.watch.clear(id); (first || cleared) && !n.push.isLost(id) {
		n.inbox.put(metEvent{id})
	}
}

// prove lists a member again if it answers at its address.
func (n *Node) prove(id identity) {
	to, wire, living := n.push.peer(id)
	if living && n.watch.lookAt(id, to, true, nil) == alive {
		n.inbox.put(upEvent{id, to.Addr, wire, true})
	}
}
