package endpoint

import (
	"context"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"github.com/go-kit/kit/sd"

	"github.com/grapevine-go/grapevine/membership"
)

// A receiver whose goroutine was begun before Register is there after few yields, on a busy machine
// after milliseconds. An Instancer whose receivers were not there once waits less for the next.
const (
	mostYields   = 100_000 // some 15 ms, where nothing else runs
	fewYields    = 1000
	handoverLast = 100 * time.Millisecond // for a receiver that is there to make its endpoints
)

// handOver sends the known addresses to a receiver that is there, and waits until the receiver has
// dealt with them.
func (f *feed) handOver(ctx context.Context, events chan<- sd.Event, snapshot *membership.Snapshot,
	service string, absent *atomic.Bool) {
	addresses, yields := snapshot.Addresses(service), mostYields
	if absent.Load() {
		yields = fewYields
	}
	if !offer(events, addresses, yields) {
		absent.Store(true)
		return
	}
	absent.Store(false)
	f.told, f.last = true, addresses
	if cap(events) > 0 || offer(events, addresses, mostYields) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, handoverLast)
	defer cancel()
	send(ctx, events, snapshot, listOf(addresses))
}

// offer reports whether a goroutine receives a list soon. It does not sleep, as there may be no
// receiver. The clock bounds it as well: in a process that is short of CPU time one yield takes
// tens of milliseconds.
func offer(events chan<- sd.Event, addresses []string, yields int) bool {
	event, began := listOf(addresses), time.Now()
	for range yields {
		select {
		case events <- event:
			return true
		default:
			runtime.Gosched()
		}
		if time.Since(began) > handoverLast {
			break
		}
	}
	return false
}

// listOf copies, as kit sorts in place.
func listOf(addresses []string) sd.Event { return sd.Event{Instances: slices.Clone(addresses)} }
