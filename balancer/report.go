package balancer

import (
	"sync/atomic"
	"time"
)

// report is what an item said of itself.
type report struct {
	others float64 // requests of other callers that it was serving
	at     int64   // when it was heard, by now
}

const (
	freshest   = 8        // reports that a Reports remembers: a power of two
	fleetShare = 1.0 / 32 // of a report in the mean of all

	reportsLast = 2 * time.Second // after the last report nothing is concluded from reports any more
)

// Reports is what the candidates of a set reported of themselves. It may be used concurrently.
type Reports struct {
	count     atomic.Uint64
	positions [freshest]atomic.Int32
	others    mean // for a weight of 1
	last      atomic.Int64
	parts     []place // by position, nil for none
}

// place is where a report also goes, when a set is used in parts.
type place struct {
	reports  *Reports
	position int32
}

// recent says whether there have been reports lately.
func (r *Reports) recent(at int64) bool {
	return r.count.Load() > 0 && at-r.last.Load() < int64(reportsLast)
}

// Latest gives the position of one of the last reports, i being any number, or false if there was none yet.
func (r *Reports) Latest(i uint64) (position int, ok bool) {
	known := min(r.count.Load(), freshest)
	if known == 0 {
		return 0, false
	}
	return int(r.positions[i%known].Load()), true
}

func (r *Reports) add(position int32, others float64) {
	r.others.add(others, fleetShare)
	r.positions[r.count.Load()%freshest].Store(position)
	r.count.Add(1)
	r.last.Store(now())
	if r.parts != nil {
		r.parts[position].reports.add(r.parts[position].position, others)
	}
}

// Report says what the item of a key reported of itself just now, as the answer to a probe. Without reports a Balancer
// goes by its own calls in flight alone.
func (b *Balancer[T]) Report(key string, load Load) {
	current := b.set.Load()
	if current == nil {
		return
	}
	position, ok := current.index[key]
	if !ok {
		return
	}
	c := current.candidates[position]
	others := float64(max(load.InFlight-c.inFlight.Load(), 0))
	c.report.Store(&report{others, now()})
	c.caution.And(^uint32(silent))
	current.reported(position, others/float64(c.weight.Load()))
}

// Silent says that the item of a key does not answer probes. It is not picked while another is left, until it answers
// a probe or a call. As with [Eject], at most half of the items are put aside.
func (b *Balancer[T]) Silent(key string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	current := b.set.Load()
	if current == nil {
		return
	}
	if position, ok := current.index[key]; ok && b.mayLose(now()) {
		current.candidates[position].caution.Or(silent)
	}
}
