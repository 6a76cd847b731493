package balancer

import (
	"sync/atomic"

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
	weight   atomic.Int64
	inFlight atomic.Int64
	_        [cacheLine - 16]byte // each call writes inFlight, and would slow every reader of the same line
}

// Weight is the item's share in relation to the others, from 1 to MaxWeight, as of the latest Update.
func (c *Candidate) Weight() int { return int(c.weight.Load()) }

// InFlight is the number of picks of this Balancer that are not Done.
func (c *Candidate) InFlight() int64 { return c.inFlight.Load() }

// Policy builds a Picker for a set, which is never empty. A Balancer calls it when its set changes, off the pick
// path, one call at a time. It may keep the slice but must not change it.
type Policy func(candidates []*Candidate) Picker

// Picker gives the position, in the candidates that it was built for, of the one that should take the next call. It
// is called concurrently, even for a while after the next set has a Picker of its own, and must not allocate.
type Picker func() int

func boundedWeight(weight int) int64 {
	if weight <= 0 {
		return DefaultWeight
	}
	return int64(min(weight, MaxWeight))
}
