package cluster

import (
	"fmt"
	"net/netip"

	"github.com/grapevine-go/grapevine/cluster/transport"
)

// tellSeen tells a member under which address it was seen, when it advertises another and confirmations sent there do not
// reach it, or else it would not insist. One behind a translation of addresses that works hears nothing of it.
func (n *Node) tellSeen(from transport.From, push pushEvent) {
	seen := netip.AddrPortFrom(from.Addr.Addr(), push.from.Port()) // the port of a stream is none that listens
	if !push.insists || !seen.IsValid() || seen.Addr() == push.from.Addr() {
		return
	}
	owner := identityOf(push.record)
	message := note{from: n.id, subject: owner, replyTo: seen.String()}.encode(kindSeen)
	if from.ID == "" {
		n.transport.Reply(kindSeen, transport.From{Addr: seen}, message[1:])
		return
	}
	n.send(Address{Addr: seen.String(), Name: owner.String()}, message)
}

// handleSeen reports an advertised address that does not work.
func (n *Node) handleSeen(m note) {
	seen, err := netip.ParseAddrPort(m.replyTo)
	if err != nil || m.subject != n.id || seen.Addr() == n.address.Addr() {
		return
	}
	n.seldom.Warn(fmt.Errorf("this member advertises %v, where %s does not reach it, and is seen at %v: set Advertise (-gossip.advertise) to an address under which the others reach it",
		n.address, m.from.name, seen), "cluster: wrong advertise address")
}
