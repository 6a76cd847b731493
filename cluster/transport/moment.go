package transport

import "time"

// moment is a time in a third of the room of a time.Time, of which there are several for each peer. The zero value is long
// ago. A clock that is set does not move it, as it counts from when the program started.
type moment int64 // nanoseconds since longAgo before epoch

const longAgo = 1 << 60 // 36 years

var epoch = time.Now()

func momentOf(t time.Time) moment { return moment(t.Sub(epoch)) + longAgo }

// until is how long it is from m to t.
func (m moment) until(t time.Time) time.Duration { return time.Duration(momentOf(t) - m) }

// after says whether m is after t.
func (m moment) after(t time.Time) bool { return m > momentOf(t) }
