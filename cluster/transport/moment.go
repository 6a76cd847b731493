package transport

import "time"

// moment is a time in a third of the room of a time.Time, as there are several for each peer. The
// zero value is long ago. A clock that is set does not move it, as it counts from the start of the
// program. Times that are decades away, such as the end of a certificate without an end (RFC 5280,
// section 4.1.2.5), all become the same moment, so that no sum or difference overflows.
type moment int64 // nanoseconds since longAgo before epoch

const (
	longAgo  = 1 << 60     // 36 years
	furthest = 2 * longAgo // from epoch, to either side
)

var epoch = time.Now()

func momentOf(t time.Time) moment {
	return moment(min(max(t.Sub(epoch), -furthest), furthest)) + longAgo
}

// until is how long it is from m to t.
func (m moment) until(t time.Time) time.Duration { return time.Duration(momentOf(t) - m) }

// after reports whether m is after t.
func (m moment) after(t time.Time) bool { return m > momentOf(t) }
