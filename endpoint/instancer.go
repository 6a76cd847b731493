package endpoint

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/go-kit/kit/sd"

	"github.com/grapevine-go/grapevine/membership"
)

var _ sd.Instancer = (*Instancer)(nil)

// Instancer tells Go kit the addresses of a service: those of the active instances, or of the draining ones when no
// other is left, ascending and each once. While the node is cut off from every peer it sends an event with
// [membership.ErrIsolated] and stays with what was last known. A change of metadata alone sends nothing.
type Instancer struct {
	view    *membership.View
	service string

	mu      sync.Mutex
	feeds   map[chan<- sd.Event]*feed
	stopped bool
}

// feed is the goroutine that serves one registered channel.
type feed struct {
	cancel context.CancelFunc
	ended  chan struct{}
}

func (f *feed) stop() {
	f.cancel()
	<-f.ended
}

// NewInstancer follows service in view until Stop.
func NewInstancer(view *membership.View, service string) *Instancer {
	return &Instancer{view: view, service: service, feeds: make(map[chan<- sd.Event]*feed)}
}

// Register sends what is known to events, and the latest after each change, until Deregister or Stop. It returns at
// once. A slow receiver skips what is out of date and holds up nobody. Each event has a slice of its own.
func (i *Instancer) Register(events chan<- sd.Event) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.stopped || i.feeds[events] != nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	f := &feed{cancel, make(chan struct{})}
	i.feeds[events] = f
	go func() {
		defer close(f.ended)
		i.serve(ctx, events)
	}()
}

// Deregister ends what Register began. When it returns, nothing will be sent to events any more, so that the caller may
// close it; nobody needs to be receiving.
func (i *Instancer) Deregister(events chan<- sd.Event) {
	i.mu.Lock()
	f := i.feeds[events]
	i.mu.Unlock()
	if f == nil {
		return
	}
	f.stop() // before it is forgotten, so that another Deregister or Stop waits too
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.feeds[events] == f { // and not one that was registered since
		delete(i.feeds, events)
	}
}

// Stop deregisters every channel, and Register does nothing any more. It is safe to call twice.
func (i *Instancer) Stop() {
	i.mu.Lock()
	i.stopped = true
	feeds := slices.Collect(maps.Values(i.feeds))
	i.mu.Unlock()
	for _, f := range feeds {
		f.stop()
	}
}

// serve sends an event for every change that Go kit can see. It remembers what kit makes of what it received: a list
// makes it forget an error.
func (i *Instancer) serve(ctx context.Context, events chan<- sd.Event) {
	var last []string
	var lastErr error
	first := true
	for snapshot := range i.view.Watch(ctx) {
		addresses, err := snapshot.Addresses(i.service), snapshot.Err()
		healed := lastErr != nil && err == nil
		if first || healed || !slices.Equal(addresses, last) {
			if !send(ctx, events, snapshot, sd.Event{Instances: slices.Clone(addresses)}) { // kit sorts it, in place
				continue
			}
			first, last, lastErr = false, addresses, nil
		}
		if err != nil && lastErr == nil && send(ctx, events, snapshot, sd.Event{Err: err}) {
			lastErr = err
		}
	}
}

// send says whether event was received: it is not when it goes out of date before anybody receives.
func send(ctx context.Context, events chan<- sd.Event, snapshot *membership.Snapshot, event sd.Event) bool {
	select {
	case events <- event:
		return true
	case <-snapshot.Changed():
		return false
	case <-ctx.Done():
		return false
	}
}
