package balancer

import (
	"math"
	"math/rand/v2"
	"sync/atomic"
	"time"
)

const (
	zoneMargin = 0.05                  // by how much, on a logarithmic scale, the own zone may be busier than the others
	spillGain  = 0.1                   // by how much of what is beyond that the share that goes elsewhere changes
	spillStep  = 0.04                  // by how much it changes at most
	spillBlind = 0.9                   // at most this goes elsewhere while nothing was heard of the own zone lately
	spillEvery = 20 * time.Millisecond // how often
	spillLeast = 0.01                  // of the calls go to each side, so that what it could do stays known
	zoneSample = 16                    // items of a zone that are looked at
	hereTries  = 2                     // how often one is asked for in the own zone, before the others are tried
)

// zonal makes a policy pick from one zone, and from all others what is too much for that.
type zonal struct {
	zone   string
	policy Policy
	spill  atomic.Uint64 // bits of the share of the calls that goes to other zones
	next   atomic.Int64  // when it may change again
}

func newZonal(zone string, policy Policy) *zonal {
	z := &zonal{zone: zone, policy: policy}
	z.spill.Store(math.Float64bits(spillLeast))
	return z
}

func (z *zonal) build(s *Set) Picker {
	here := s.part(func(position int) bool { return s.zones[position] == z.zone })
	there := s.part(func(position int) bool { return s.zones[position] != z.zone })
	if len(here.positions) == 0 || len(there.positions) == 0 {
		return z.policy(s)
	}
	here.pick, there.pick = z.policy(&here.Set), z.policy(&there.Set)
	s.timed, s.tally, s.degrades = here.timed, here.tally, here.degrades
	s.WantReports() // the zones are compared by them
	return func(call Call) int {
		if call.Word%timedOneIn == 0 {
			z.adjust(here, there, s.Reports)
		}
		if call.Attempt < hereTries && !below01(mixed(call.Hash), math.Float64frombits(z.spill.Load())) {
			return int(here.positions[here.pick(call)])
		}
		return int(there.positions[there.pick(call)])
	}
}

// below01 is true of a share of all words.
func below01(word uint64, share float64) bool { return float64(word>>11)/(1<<53) < share }

// adjust moves the share that goes elsewhere, up while the own zone is busier than the others.
func (z *zonal) adjust(here, there *part, reports *Reports) {
	at, next := now(), z.next.Load()
	if at < next || !z.next.CompareAndSwap(next, at+int64(spillEvery)) {
		return
	}
	measure := (*Candidate).pressureByLatency
	spill := math.Float64frombits(z.spill.Load())
	if reports.recent(at) {
		fleet := reports.fleet(0)
		measure = func(c *Candidate) float64 { return c.pressureByLoad(fleet) }
	} else if spill > spillBlind {
		measure = func(c *Candidate) float64 { return c.recentLatency(at) }
	}
	beyond := math.Log(here.pressure(measure)/there.pressure(measure)) - zoneMargin
	switch {
	case !math.IsNaN(beyond):
		spill += max(min(spillGain*beyond, spillStep), -spillStep)
	case spill > spillBlind:
		spill = spillBlind
	default:
		return // nothing is known of either
	}
	z.spill.Store(math.Float64bits(max(min(spill, 1-spillLeast), spillLeast)))
}

// part is some of a set.
type part struct {
	Set
	positions []int32 // in the set, of the candidates
	pick      Picker
}

// part is of the positions that belong says. Reports for the set reach it too.
func (s *Set) part(belongs func(position int) bool) *part {
	p := &part{Set: Set{Reports: new(Reports), total: s.total}}
	if s.Reports.parts == nil {
		s.Reports.parts = make([]place, len(s.Candidates))
	}
	for position, c := range s.Candidates {
		if belongs(position) {
			s.Reports.parts[position] = place{p.Reports, int32(len(p.positions))}
			p.positions = append(p.positions, int32(position))
			p.Candidates = append(p.Candidates, c)
		}
	}
	return p
}

// pressure is the mean over some of the candidates.
func (p *part) pressure(of func(*Candidate) float64) (mean float64) {
	n := len(p.Candidates)
	known, start := 0.0, rand.IntN(n)
	for i := range min(n, zoneSample) {
		if x := of(p.Candidates[(start+i)%n]); x > 0 {
			mean, known = mean+x, known+1
		}
	}
	return mean / known
}

// idlePressure keeps zones that are nearly idle from being told apart by one request.
const idlePressure = 0.1

func (c *Candidate) pressureByLoad(fleet fleet) float64 {
	q, weight := c.queue(fleet)
	return (q + idlePressure) / weight
}

func (c *Candidate) pressureByLatency() float64 { return c.latency.value() }
