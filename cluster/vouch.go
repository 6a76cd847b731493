package cluster

import (
	"bytes"
	"net/netip"

	"github.com/hashicorp/go-msgpack/v2/codec"
	"github.com/hashicorp/memberlist"

	"github.com/grapevine-go/grapevine/cluster/transport"
)

// vouch tells memberlist, in its own words, of a member that this node has heard from: whoever pushes its record is alive,
// and memberlist, which gossips each piece of news a few times to members chosen at random, may not get to know it for
// seconds. It changes nothing for one that memberlist knows, also as dead: only the member itself can contradict that.
// The member first proves that it is at that address, see [transport.Transport.Introduce]. What is too much is dropped: the
// member pushes again.
func (n *Node) vouch(by transport.From, id identity, at netip.AddrPort, meta []byte) {
	if err := n.transport.Introduce(by, encodeAlive(id, at, meta)); err != nil {
		n.seldom.Warn(err, "cluster: cannot tell of a member")
	}
}

// aliveMessage is the number of memberlist's message with which a member says that it lives.
const aliveMessage = 4

var messagePack codec.MsgpackHandle // with memberlist's settings

// encodeAlive says it in the words of memberlist's first incarnation of a member, the lowest there is.
func encodeAlive(id identity, at netip.AddrPort, meta []byte) []byte {
	buf := bytes.NewBuffer([]byte{aliveMessage})
	_ = codec.NewEncoder(buf, &messagePack).Encode(struct { // to memory, which does not fail
		Incarnation uint32
		Node        string
		Addr        []byte
		Port        uint16
		Meta        []byte
		Vsn         []byte // least, most and current version of memberlist's protocol, and of the delegate's
	}{1, id.String(), at.Addr().AsSlice(), at.Port(), meta,
		[]byte{memberlist.ProtocolVersionMin, memberlist.ProtocolVersionMax, memberlist.ProtocolVersion2Compatible, 0, 0, 0}})
	return buf.Bytes()
}
