package endpoint

import (
	"context"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

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

	absent atomic.Bool // the receiver of the last Register was not there
}

// feed is the goroutine that serves one registered channel.
type feed struct {
	cancel context.CancelFunc
	ended  chan struct{}
	told   bool     // something
	last   []string // the list
}

func (f *feed) stop() {
	f.cancel()
	<-f.ended
}

// NewInstancer follows service in view until Stop. It panics without a view.
func NewInstancer(view *membership.View, service string) *Instancer {
	if view == nil {
		panic("endpoint: NewInstancer: the view is nil: use that of a node, node.View()")
	}
	return &Instancer{view: view, service: service, feeds: make(map[chan<- sd.Event]*feed)}
}

// Register sends the known addresses to events, and the latest ones after each change, until
// Deregister or Stop. A slow receiver skips outdated events and holds up no other. Each event has
// a slice of its own.
//
// Register does not wait for a receiver to appear. A receiver that is there already, such as that
// of sd.NewEndpointer of Go kit, has processed the first event when Register returns, unless it
// takes longer than 100 ms. Over a channel without a buffer it gets this event twice: a receiver
// that receives again is done with the event before.
func (i *Instancer) Register(events chan<- sd.Event) {
	ctx, f := i.begin(events)
	if f == nil {
		return
	}
	f.handOver(ctx, events, i.view.Snapshot(), i.service, &i.absent)
	go func() {
		defer close(f.ended)
		i.serve(ctx, f, events)
	}()
}

// begin reserves a feed, unless there is one.
func (i *Instancer) begin(events chan<- sd.Event) (context.Context, *feed) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if events == nil || i.stopped || i.feeds[events] != nil {
		return nil, nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	f := &feed{cancel: cancel, ended: make(chan struct{})}
	i.feeds[events] = f
	return ctx, f
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

// serve sends an event for every change that Go kit can see. It tracks the state of the receiver: a list makes Go kit
// forget an error.
func (i *Instancer) serve(ctx context.Context, f *feed, events chan<- sd.Event) {
	var lastErr error
	for snapshot := range i.view.Watch(ctx) {
		addresses, err := snapshot.Addresses(i.service), snapshot.Err()
		healed := lastErr != nil && err == nil
		if !f.told || healed || !slices.Equal(addresses, f.last) {
			if !send(ctx, events, snapshot, listOf(addresses)) {
				continue
			}
			f.told, f.last, lastErr = true, addresses, nil
		}
		if err != nil && lastErr == nil && send(ctx, events, snapshot, sd.Event{Err: err}) {
			lastErr = err
		}
	}
}

// send reports whether event was received before it went out of date.
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
