package balancer

import (
	"sync/atomic"
	"time"

	"github.com/grapevine-go/grapevine/membership"
)

// The weights are those of a service. MaxWeight also keeps the products that policies compare within 64 bits.
const (
	DefaultWeight = membership.DefaultWeight // of an Item that names none
	MaxWeight     = membership.MaxWeight
)

// cacheLine is what processors fetch at once: most have lines of 64 bytes but fetch pairs, some ARM have 128.
const cacheLine = 128

// Candidate is what a Policy may know of an item. A Balancer keeps one for each Key that is in its set. The methods
// may be called concurrently.
type Candidate struct {
	key         string
	weight      atomic.Int64
	inFlight    atomic.Int64
	caution     atomic.Uint32 // why it is not simply picked; 0 of nearly all
	failures    atomic.Int32  // in a row
	errors      decaying      // share of the calls
	latency     mean          // nanoseconds
	timedAt     atomic.Int64  // when latency was seen last
	peak        decaying      // nanoseconds, see PeakEWMA
	report      report
	out         out
	degradation degradation
	warmth      warmth
	started     time.Time       // by the item's clock
	since       int64           // by this process's, 0 if not known
	_           [cacheLine]byte // each call writes inFlight, and would slow every reader of the same line
}

// Weight is the item's share in relation to the others, from 1 to MaxWeight, as of the latest Update.
func (c *Candidate) Weight() int { return int(c.weight.Load()) }

// InFlight is the number of picks of this Balancer that are not Done.
func (c *Candidate) InFlight() int64 { return c.inFlight.Load() }

// Errors is the share of calls that failed, from 0 to 1, lately: it falls by half in 3.5 s without calls.
// A share below 0.01 is 0, so that each failure is forgotten within 25 s.
func (c *Candidate) Errors() float64 {
	if c.errors.isZero() {
		return 0
	}
	return aboveLeast(c.errors.at(now(), errorSpan))
}

// Latency is how long calls took lately, of those that succeeded, or were given up after a longer time, or 0 if none was
// timed yet. See [Set.TimeEveryCall].
func (c *Candidate) Latency() time.Duration { return time.Duration(c.latency.value()) }

// took takes in how long a call took, in nanoseconds, for the peak too where that is of use.
func (c *Candidate) took(nanoseconds int64, peak bool) {
	at := now()
	age := float64(at-c.timedAt.Swap(at)) / float64(latencyLasts)
	c.latency.add(float64(nanoseconds), min(max(age, latencyStep), 1))
	if peak {
		c.observePeak(float64(nanoseconds))
	}
}

// tookLonger takes in how long a call had taken when its caller gave it up. That says something where it is longer than
// usual: an item that stalls and is overtaken by hedges each time would look as fast as it once was.
func (c *Candidate) tookLonger(nanoseconds int64, peak bool) {
	if usual := c.latency.value(); usual > 0 && float64(nanoseconds) > usual {
		c.took(nanoseconds, peak)
	}
}

const (
	latencyStep  = 0.1             // the weight of the latest call in the mean, at least
	latencyLasts = 3 * time.Second // after which it has all of the weight
)

// recentLatency is 0 if no call was timed lately: a zone that was slow once must not be judged by that for ever.
func (c *Candidate) recentLatency(at int64) float64 {
	if at-c.timedAt.Load() > int64(latencyLasts) {
		return 0
	}
	return c.latency.value()
}

func boundedWeight(weight int) int64 {
	if weight <= 0 {
		return DefaultWeight
	}
	return int64(min(weight, MaxWeight))
}
