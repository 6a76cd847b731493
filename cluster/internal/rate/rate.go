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

// Spend is Pass for something of a cost, which counts as AtOnce if it is more. It returns how long to wait until it may
// happen, and 0 where it may now: then it is spent.
func (m *Meter) Spend(l Limit, cost float64, now time.Time) (wait time.Duration) {
	m.spent = max(0, m.spent-now.Sub(m.at).Seconds()*l.EachSecond)
	m.at = now
	cost = min(cost, l.AtOnce)
	if over := m.spent + cost - l.AtOnce; over > 1e-9 {
		return max(time.Duration(over/l.EachSecond*float64(time.Second)), time.Microsecond)
	}
	m.spent += cost
	return 0
}
