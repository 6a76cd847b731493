package transport

import "time"

// moment is a time in a third of the room of a time.Time, of which there are several for each peer. The zero value is long ago.
type moment int64 // nanoseconds since 1970

func momentOf(t time.Time) moment { return moment(t.UnixNano()) }

// until is how long it is from m to t.
func (m moment) until(t time.Time) time.Duration { return time.Duration(momentOf(t) - m) }

// after says whether m is after t.
func (m moment) after(t time.Time) bool { return m > momentOf(t) }
