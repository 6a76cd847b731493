package dnsendpoint

import (
	"time"

	"github.com/grapevine-go/grapevine/membership"
)

// serialsASecond is how far serials go up in each second that a process was started later.
const serialsASecond = 16

// serialBase returns the serial of SOA at the start of a server; the version of the snapshot is
// added to it. In a process the serial grows with each snapshot, whatever the clock does. Over a
// restart it grows, by the comparison of RFC 1982, as long as the earlier process had fewer than 16
// snapshots a second on average, the clock was not set back by more than that process lived, and
// less than four years have passed. Otherwise it may be the same as or less than an earlier one,
// which delays secondaries alone, and transfers are refused.
func serialBase(start time.Time) uint32 {
	return uint32(start.UnixNano() / int64(time.Second/serialsASecond))
}

func serialOf(base uint32, snapshot *membership.Snapshot) uint32 {
	return base + uint32(snapshot.Version())
}
