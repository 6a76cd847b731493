package balancer

import (
	"math"
	"sync/atomic"
	"time"
)

// report is what an item said of itself, in one word that lies beside what else a pick reads: the high half is how many requests of
// other callers it was serving, the low half when it said so, in ticks. The zero value is none.
type report struct{ word atomic.Uint64 }

// reportTick is 16 µs. What is 10 hours old looks as if it were to come, and is not used either.
const (
	reportTick = 14
	reportLag  = time.Second // by which a coarse clock may be behind
)

func (r *report) set(others float64, at int64) {
	r.word.Store(uint64(math.Float32bits(float32(others)))<<32 | uint64(max(uint32(at>>reportTick), 1)))
}

// load gives what was reported lately, and how long ago that is at a moment.
func (r *report) load(at int64) (others float64, age int64, ok bool) {
	word := r.word.Load()
	age = int64(int32(uint32(at>>reportTick)-uint32(word))) << reportTick
	ok = word != 0 && age < int64(reportsLast) && age > -int64(reportLag)
	return float64(math.Float32frombits(uint32(word >> 32))), max(age, 0), ok
}

const (
	freshest   = 4        // reports that a Reports remembers: a power of two
	fleetShare = 1.0 / 32 // of a report in the means of all

	reportsLast = 2 * time.Second // after the last report nothing is concluded from reports any more
)

// A report counts for half after a quarter of the time that calls take, within these bounds: by then a server with four calls
// in flight has ended one, and whoever heard the same report may have sent it another.
const (
	spanShare    = 0.25
	usualSpan    = 2500 * time.Microsecond // while it is not known
	shortestSpan = 250 * time.Microsecond
	longestSpan  = 250 * time.Millisecond
)

// Reports is what the candidates of a set reported of themselves. It may be used concurrently.
type Reports struct {
	count     atomic.Uint64
	positions [freshest]atomic.Int32
	others    mean // for a weight of 1
	latency   mean // nanoseconds, of those that reported
	last      atomic.Int64
	clock     coarse
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

// Latest gives the position of one of the last four reports, of which i is from 0 to 3, or false if there was none yet.
func (r *Reports) Latest(i int) (position int, ok bool) {
	return int(r.positions[i%freshest].Load()), r.count.Load() > 0
}

func (r *Reports) add(position int32, others, latency float64) {
	r.others.add(others, fleetShare)
	if latency > 0 {
		r.latency.add(latency, fleetShare)
	}
	r.remember(position)
	r.last.Store(now())
	if r.parts != nil {
		r.parts[position].reports.add(r.parts[position].position, others, latency)
	}
}

// remember forgets the oldest for it. The first one takes all places.
func (r *Reports) remember(position int32) {
	if r.count.Load() == 0 {
		for i := range r.positions {
			r.positions[i].Store(position)
		}
	}
	r.positions[r.count.Load()%freshest].Store(position)
	r.count.Add(1)
}

// fleet is what is known of all at one moment, which fills in for what is not known of one.
type fleet struct {
	at     int64
	others float64 // for a weight of 1
	span   int64   // after which a report counts for half
}

// fleet is as of about this moment, see [coarse].
func (r *Reports) fleet(word uint64) fleet {
	span := r.span()
	return fleet{r.clock.now(word, span/2), r.others.value(), span}
}

func (r *Reports) span() int64 {
	span := int64(spanShare * r.latency.value())
	if span == 0 {
		return int64(usualSpan)
	}
	return min(max(span, int64(shortestSpan)), int64(longestSpan))
}

// queue estimates the requests in flight.
func (c *Candidate) queue(f fleet) (q, weight float64) {
	weight = float64(c.weight.Load())
	others := f.others * weight
	if reported, age, ok := c.report.load(f.at); ok {
		trust := float64(f.span) / float64(f.span+age)
		others += trust * (reported - others)
	}
	return float64(c.inFlight.Load()) + others, weight
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
	c.report.set(others, now())
	c.caution.And(^uint32(silent))
	current.policySet.Reports.add(position, others/float64(c.weight.Load()), c.latency.value())
}

// Silent reports that the item of a key does not answer probes. It is not picked while another is left, until it
// answers a probe or a call, or for 10 s if Silent is not called again. As with [Eject], at most half of the
// items are put aside.
func (b *Balancer[T]) Silent(key string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	current := b.set.Load()
	if current == nil {
		return
	}
	position, ok := current.index[key]
	if !ok {
		return
	}
	at, c := now(), current.candidates[position]
	if c.isOut(at) || b.mayLose(at) {
		c.out.silentUntil.Store(at + int64(silentFor))
		c.caution.Or(silent)
		current.relieve(at)
	}
}
