package cluster

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"github.com/grapevine-go/grapevine/membership"
)

// Members of different releases live in one cluster. Each says in memberlist's metadata which wire versions it speaks,
// and gets the records of the others in the newest form that both do.

// checkWireVersion gives the wire version that a Config asks for.
func checkWireVersion(version byte) (byte, error) {
	if version > membership.WireVersion {
		return 0, &membership.FieldError{Field: "wire version", Value: strconv.Itoa(int(version)),
			Remedy: errWireVersion.Error()}
	}
	return cmp.Or(version, membership.WireVersion), nil
}

var errWireVersion = fmt.Errorf("use %d to %d, or 0 for the newest", membership.OldestWireVersion, membership.WireVersion)

// parseWireVersion returns what a flag says; "" is 0. The error is a remedy.
func parseWireVersion(value string) (byte, error) {
	if value == "" {
		return 0, nil
	}
	version, err := strconv.ParseUint(value, 10, 8)
	if err != nil {
		return 0, errWireVersion
	}
	return byte(version), nil
}

// metaOf is the metadata of a member: the oldest and the newest wire version that it speaks.
func metaOf(newest byte) []byte { return []byte{membership.OldestWireVersion, newest} }

// newestCommon gives the newest wire version that a member which speaks up to own shares with one of that metadata.
func newestCommon(own byte, meta []byte) (byte, error) {
	if len(meta) != 2 || meta[0] > meta[1] {
		return 0, fmt.Errorf("it is no grapevine member: its metadata is %q", meta)
	}
	if meta[0] > own || meta[1] < membership.OldestWireVersion {
		return 0, fmt.Errorf("it speaks wire versions %d to %d, this member %d to %d: run a release on one of them that speaks both",
			meta[0], meta[1], membership.OldestWireVersion, own)
	}
	return min(own, meta[1]), nil
}

// encodeForms gives, by wire version up to newest, the message that begins with prefix and pushes a record.
func encodeForms(prefix []byte, r membership.Record, newest byte) (forms [membership.WireVersion + 1][]byte, err error) {
	for version := byte(membership.OldestWireVersion); version <= newest; version++ {
		if forms[version], err = r.Encode(slices.Clone(prefix), version); err != nil {
			return forms, err
		}
	}
	return forms, nil
}

// decodeRecord refuses what a release refused whose newest wire version that is.
func decodeRecord(buf []byte, newest byte) (membership.Record, error) {
	if len(buf) > 0 && buf[0] > newest {
		return membership.Record{}, fmt.Errorf("%w: wire version %d, this member speaks %d to %d",
			membership.ErrMalformed, buf[0], membership.OldestWireVersion, newest)
	}
	return membership.DecodeRecord(buf)
}
