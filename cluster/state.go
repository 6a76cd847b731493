package cluster

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"

	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/membership"
)

// The state that memberlist exchanges on a join and in its push/pull: a version, then for each record the seconds
// since its member is gone, the address of its gossip, and its length and its bytes. memberlist does not say to whom a
// state goes, so its records have the oldest form that this release reads: whatever else a member says of itself
// arrives with the record that it pushes, in the newest form that its peer speaks.
const (
	stateVersion = 1

	// nodeState is more than memberlist says of a node, beside our state and in the same message.
	nodeState = 224
	leastRoom = 128 << 10
)

// stateRoom is how many bytes there are for our state beside what memberlist says of that many nodes, and of half as many
// that it has not forgotten yet.
func stateRoom(nodes int) int { return max(leastRoom, transport.MaxStream-nodeState*(64+nodes*3/2)) }

// sighting is what a member tells of another, or of itself: a record, and where its boot lives, "" if it is not known to.
type sighting struct {
	membership.Heard
	address string
}

// sightings is all that this member tells: of itself, and of the others.
func (n *Node) sightings() (own sighting, others []sighting) {
	own = sighting{membership.Heard{Record: n.record()}, n.Address()}
	for _, heard := range n.store.Records() {
		if heard.Record.Name != n.id.name {
			address, _ := n.push.address(identityOf(heard.Record))
			others = append(others, sighting{heard, address.Addr})
		}
	}
	return own, others
}

// encodeState leaves out what exceeds most bytes; which records that concerns differs from exchange to exchange.
func encodeState(own sighting, others []sighting, most int) []byte {
	state := appendSighting([]byte{stateVersion}, own)
	for _, other := range others {
		if len(state)+membership.MaxRecord > most {
			break
		}
		state = appendSighting(state, other)
	}
	return state
}

func appendSighting(state []byte, s sighting) []byte {
	encoded, err := s.Record.Encode(nil, membership.OldestWireVersion)
	if err != nil {
		return state // cannot be: it was checked when it was registered, or when it arrived
	}
	state = binary.AppendUvarint(state, uint64((s.Gone+time.Second-1)/time.Second)) // an age never shrinks on its way
	state = appendText(state, s.address)
	state = binary.AppendUvarint(state, uint64(len(encoded)))
	return append(state, encoded...)
}

// decodeState gives the sightings up to the first that cannot be read, and the reason. wire is the newest wire version
// that this node speaks.
func decodeState(state []byte, wire byte) (known []sighting, err error) {
	if len(state) == 0 || state[0] != stateVersion {
		return nil, fmt.Errorf("%w: state of an unknown version", errMalformed)
	}
	for state = state[1:]; len(state) > 0; {
		var next sighting
		if next, state, err = cutSighting(state, wire); err != nil {
			return known, err
		}
		known = append(known, next)
	}
	return known, nil
}

// cutSighting takes a sighting off the front.
func cutSighting(state []byte, wire byte) (s sighting, rest []byte, err error) {
	gone, n := binary.Uvarint(state)
	if n <= 0 || gone > uint64(longestGone/time.Second) {
		return s, nil, fmt.Errorf("%w: bad age", errMalformed)
	}
	address, rest, ok := cutText(state[n:])
	if _, err := netip.ParseAddrPort(address); !ok || err != nil && address != "" {
		return s, nil, fmt.Errorf("%w: bad address", errMalformed)
	}
	size, n := binary.Uvarint(rest)
	if n <= 0 || size > uint64(len(rest)-n) {
		return s, nil, fmt.Errorf("%w: state is cut short", errMalformed)
	}
	end := n + int(size)
	record, err := decodeRecord(rest[n:end], wire)
	return sighting{membership.Heard{Record: record, Gone: time.Duration(gone) * time.Second}, address}, rest[end:], err
}

// longestGone keeps the seconds in a state from overflowing a duration; nobody remembers a member for as long.
const longestGone = 10 * 365 * 24 * time.Hour
