package cluster

import (
	"encoding/binary"
	"fmt"

	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/membership"
)

// The state that memberlist exchanges on a join and in its push/pull: a version, who tells, the digest of what it knows,
// and, on a join, the heads of all of it, its own first. Records never travel that way.
const (
	stateVersion = 2

	// nodeState is more than memberlist says of a node, beside our state and in the same message.
	nodeState = 224
	leastRoom = 128 << 10
)

// stateRoom is how many bytes there are for our state beside what memberlist says of that many nodes, and of half as many
// that it has not forgotten yet.
func stateRoom(nodes int) int { return max(leastRoom, transport.MaxStream-nodeState*(64+nodes*3/2)) }

// state is what a member tells of all that it knows.
type state struct {
	from   identity
	digest uint64
	heads  []membership.Head
}

// state is this member's, with its heads or without.
func (n *Node) state(full bool) state {
	s := state{from: n.id, digest: n.store.Digest()}
	if !full {
		return s
	}
	for _, h := range n.store.Heads() {
		if h.Name == n.id.name {
			h.Address = n.Address()
			s.heads = append([]membership.Head{h}, s.heads...)
		} else {
			s.heads = append(s.heads, h)
		}
	}
	return s
}

// encode leaves out the heads that exceed most bytes: digests will differ, and tell.
func (s state) encode(most int) []byte {
	buf := appendText([]byte{stateVersion}, s.from.String())
	buf = binary.BigEndian.AppendUint64(buf, s.digest)
	for _, h := range s.heads {
		if next := h.Append(buf); len(next) <= most {
			buf = next
		}
	}
	return buf
}

// decodeState gives the heads up to the first that cannot be read, and the reason.
func decodeState(buf []byte) (s state, err error) {
	if len(buf) == 0 || buf[0] != stateVersion {
		return s, fmt.Errorf("%w: state of an unknown version", errMalformed)
	}
	if s.from, buf, err = cutIdentity(buf[1:]); err != nil {
		return s, err
	}
	if len(buf) < 8 {
		return s, fmt.Errorf("%w: state is cut short", errMalformed)
	}
	s.digest = binary.BigEndian.Uint64(buf)
	s.heads, err = decodeHeads(buf[8:])
	return s, err
}
