package transport

import "time"

// rate is how often something may happen: so often at once, and so often each second (a token bucket).
type rate struct{ atOnce, eachSecond float64 }

// meter holds something to a rate. The zero value has let nothing through.
type meter struct {
	spent float64
	at    time.Time
}

func (m *meter) pass(r rate, now time.Time) bool {
	m.spent = max(0, m.spent-now.Sub(m.at).Seconds()*r.eachSecond)
	m.at = now
	if m.spent+1 > r.atOnce {
		return false
	}
	m.spent++
	return true
}
