// Package lag measures how late its own process runs, for want of CPU time or because it was stopped. A process that is late
// cannot tell a peer that is silent from a message that it has not read yet, and whatever it does about silence makes it later.
package lag

import (
	"context"
	"math"
	"sync"
	"time"
)

const (
	every    = 50 * time.Millisecond // between two measurements
	halfLife = time.Second
	most     = 10 * time.Second // after a pause of any length the lag is usual again within 10 s

	usual    = 15 * time.Millisecond // no reason to wait longer
	strained = 60 * time.Millisecond
	factor   = 10 // by which patience grows with the lag
	longest  = 20 // times as long
)

// Meter holds the worst lag of late, halved each second. The zero value is ready to use and reads zero until Run measures
// something. Its methods are safe for concurrent use.
type Meter struct {
	mu    sync.Mutex
	worst time.Duration
	at    time.Time // when worst was measured
	due   time.Time // when the measurement under way should end; zero for none
}

// Run measures until ctx is done: it notes how late a short sleep ends.
func (m *Meter) Run(ctx context.Context) {
	tick := time.NewTimer(every)
	defer tick.Stop()
	for {
		m.expect(time.Now().Add(every))
		tick.Reset(every)
		select {
		case <-tick.C:
			m.note(m.overdue(time.Now()), time.Now())
		case <-ctx.Done():
			m.expect(time.Time{})
			return
		}
	}
}

func (m *Meter) expect(due time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.due = due
}

func (m *Meter) overdue(now time.Time) time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.late(now)
}

// late is how long the measurement under way is overdue. It is called with the lock held.
func (m *Meter) late(now time.Time) time.Duration {
	if m.due.IsZero() {
		return 0
	}
	return max(0, now.Sub(m.due))
}

// note records that something happened that much too late.
func (m *Meter) note(late time.Duration, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if late = min(late, most); late > m.decayed(now) {
		m.worst, m.at = late, now
	}
}

// decayed is called with the lock held.
func (m *Meter) decayed(now time.Time) time.Duration {
	if m.worst == 0 {
		return 0
	}
	return time.Duration(float64(m.worst) * math.Exp2(-float64(now.Sub(m.at))/float64(halfLife)))
}

// Lag returns how late the process is. A measurement that is overdue counts at once: a process that was stopped knows it
// before its timers have run.
func (m *Meter) Lag() time.Duration {
	now := time.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	return max(m.decayed(now), min(m.late(now), most))
}

// Patience is how long to wait in a process that may be late.
type Patience struct{ source source }

type source interface{ Lag() time.Duration }

// Of returns the patience that goes by the Lag method of something, as [Meter] has one. Without such a method the process is
// never late.
func Of(something any) Patience {
	measured, _ := something.(source)
	return Patience{measured}
}

func (p Patience) lag() time.Duration {
	if p.source == nil {
		return 0
	}
	return p.source.Lag()
}

// Strained reports whether the process is so late that it should judge no peer.
func (p Patience) Strained() bool { return p.lag() > strained }

// Stretch returns how long to wait for what takes d in a process that is on time.
func (p Patience) Stretch(d time.Duration) time.Duration {
	late := p.lag()
	if late < usual {
		return d
	}
	more := factor * late
	if d < more/(longest-1) { // no product of d, which may be as long as a duration can be
		more = (longest - 1) * d
	}
	return d + min(more, math.MaxInt64-max(d, 0))
}
