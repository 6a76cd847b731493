// Package rate bounds how often something happens.
package rate

import "time"

// Limit is so often at once, and so often each second (a token bucket).
type Limit struct{ AtOnce, EachSecond float64 }

// Meter holds something to a Limit. The zero value has let nothing through. It is not safe for concurrent use.
type Meter struct {
	spent float64
	at    time.Time
}

// Pass reports whether something may happen once more at that time.
func (m *Meter) Pass(l Limit, now time.Time) bool {
	m.spent = max(0, m.spent-now.Sub(m.at).Seconds()*l.EachSecond)
	m.at = now
	if m.spent+1 > l.AtOnce {
		return false
	}
	m.spent++
	return true
}
