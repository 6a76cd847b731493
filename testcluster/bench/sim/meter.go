package sim

import "time"

// meter measures a backend's load.
type meter struct {
	since, at time.Duration
	worked    time.Duration // of all workers, since then
	finished  int           // since then
	last      Load
}

func newMeter(now time.Duration) meter { return meter{since: now, at: now} }

const meterSpan = time.Second

// busy says how many workers were at work up to now.
func (m *meter) busy(now time.Duration, workers int) {
	m.worked += time.Duration(workers) * (now - m.at)
	m.at = now
}

// load is nothing before there was a whole span.
func (m *meter) load(now time.Duration, workers int) Load {
	if span := now - m.since; span >= meterSpan {
		m.last = Load{float64(m.worked) / float64(span) / float64(workers), float64(m.finished) / span.Seconds()}
		m.since, m.worked, m.finished = now, 0, 0
	}
	return m.last
}
