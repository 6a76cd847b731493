package cluster

import (
	"errors"
	"sync"
	"time"

	"github.com/grapevine-go/grapevine/cluster/internal/rate"
	"github.com/grapevine-go/grapevine/cluster/internal/slots"
)

// The limits of all dials of probes together. A member that loses many peers at once, or takes its
// own lateness for their silence, must not drown in dials.
const mostProbeDials = 64 // open at a time

var probeDials = rate.Limit{AtOnce: 128, EachSecond: 128}

// errBudget ends a dial for which no budget is left. It is no evidence about the peer.
var errBudget = errors.New("too many dials of probes are under way")

// budget bounds the dials of probes.
type budget struct {
	open  slots.Slots
	limit rate.Limit
	of    *budget // this one is a part of

	mu    sync.Mutex
	meter rate.Meter
}

func newBudget() *budget { return &budget{open: make(slots.Slots, mostProbeDials), limit: probeDials} }

// half returns a budget of half the size, within b.
func (b *budget) half() *budget {
	return &budget{open: make(slots.Slots, cap(b.open)/2), limit: rate.Limit{AtOnce: b.limit.AtOnce / 2, EachSecond: b.limit.EachSecond / 2}, of: b}
}

// spend makes a dial, unless too many are open or were made within the second.
func (b *budget) spend(dial func() error) error {
	if !b.open.TryTake() {
		return errBudget
	}
	defer b.open.Free()
	if !b.pass() {
		return errBudget
	}
	if b.of != nil {
		return b.of.spend(dial)
	}
	return dial()
}

func (b *budget) pass() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.meter.Pass(b.limit, time.Now())
}
