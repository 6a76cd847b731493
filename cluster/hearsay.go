package cluster

import (
	"errors"

	"github.com/grapevine-go/grapevine/cluster/transport"
)

// The transport asks this node about hearsay: it dials, pings and relays for members that this node
// knows, and believes each member about itself alone.

// alive returns where a live peer is.
func (n *Node) alive(id string) (address string, ok bool) {
	peer, err := parseIdentity(id)
	if err != nil {
		return "", false
	}
	to, living := n.push.address(peer)
	return to.Addr, living
}

var errForeignState = errors.New("its state is of another member")

// checkState returns an error if the state of a push/pull is that of another member than its sender. A
// state that cannot be read passes: merging it reports the error.
func checkState(sender string, state []byte) error {
	if len(state) == 0 || state[0] != stateVersion {
		return nil
	}
	if from, _, err := cutIdentity(state[1:]); err == nil && from.String() != sender {
		return errForeignState
	}
	return nil
}

// heardByRelay probes a member that answered a relay's ping and not this node's. The relay's word keeps
// SWIM from suspecting the member, and proves nothing here. A member that is suspected already is being
// probed, and the others know.
func (n *Node) heardByRelay(id string) {
	if peer, err := parseIdentity(id); err == nil && !n.watch.isSilent(peer) {
		n.watch.suspect(peer, suspicion{why: "only a relay hears from it", tell: true, weak: true})
	}
}

// absent is called when a member is not where others say that it is.
func (n *Node) absent(id string) {
	if peer, err := parseIdentity(id); err == nil {
		n.catchUp.without(peer)
	}
}

// answerProbe answers the sender of a question, wherever it says that it is, and repeats its nonce.
func (n *Node) answerProbe(from transport.From, body []byte) {
	m, err := decodeNote(body)
	if n.accept(from, m.from, err, "cluster: dropped a message") {
		answer := note{from: n.id, subject: m.subject, version: m.version}.encode(kindAnswer)
		n.transport.Reply(kindAnswer, from, answer[1:])
	}
}
