package endpoint

import (
	"context"
	"runtime"
	"slices"
	"time"

	"github.com/go-kit/kit/sd"

	"github.com/grapevine-go/grapevine/membership"
)

const (
	handoverYields = 5000                   // about a millisecond: a goroutine that was begun before Register has run
	handoverLast   = 100 * time.Millisecond // for a receiver to make its endpoints, if it is there at all
)

// handOver tells what is known to a receiver that is there, and waits until it has dealt with that.
func (f *feed) handOver(ctx context.Context, events chan<- sd.Event, snapshot *membership.Snapshot, service string) {
	addresses := snapshot.Addresses(service)
	if !offer(events, addresses) {
		return
	}
	f.told, f.last = true, addresses
	if cap(events) > 0 || offer(events, addresses) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, handoverLast)
	defer cancel()
	send(ctx, events, snapshot, listOf(addresses))
}

// offer reports whether a goroutine receives a list soon. It takes no time that a clock would
// show: nobody may be there.
func offer(events chan<- sd.Event, addresses []string) bool {
	event := listOf(addresses)
	for range handoverYields {
		select {
		case events <- event:
			return true
		default:
			runtime.Gosched()
		}
	}
	return false
}

// listOf copies, as kit sorts in place.
func listOf(addresses []string) sd.Event { return sd.Event{Instances: slices.Clone(addresses)} }
