package endpoint

import (
	"context"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/go-kit/kit/sd"
	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/membership"
)

var _ sd.Endpointer = (*Endpointer)(nil)

// Endpointer keeps an endpoint for every instance of a service that takes calls, and knows the
// instance behind each. The factory runs once for each address, in a goroutine of its own and
// without locks held; one that fails is tried again, after 100 ms at first and 30 s at most, and
// at once when the instance is started anew. The closer of an instance that left is called once
// the calls to it have returned. Make one with NewEndpointer.
type Endpointer struct {
	view    *membership.View
	service string
	factory Factory
	log     zerolog.Logger

	selection balancer.Selection

	ctx    context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup

	closing sync.WaitGroup // of endpoints whose instances left, and of calls that were abandoned

	ready atomic.Pointer[callable]
	early atomic.Pointer[early] // nil once there is nothing to wait for

	mu        sync.Mutex
	clients   map[string]*client // by address, those whose factory has not succeeded included
	followers []func([]*client)
}

// callable is what can be called, by address. It never changes.
type callable struct {
	clients   []*client
	endpoints []Endpoint
}

// EndpointerOption configures [NewEndpointer].
type EndpointerOption func(*Endpointer)

// WithLogger sets where a factory's errors are logged. The default discards them.
func WithLogger(logger zerolog.Logger) EndpointerOption {
	return func(e *Endpointer) { e.log = logger }
}

// NewEndpointer follows service in view until Close. The instances that the view has can be
// called when it returns: it waits until the factory has run once for each of them, for a second
// at most. It panics without a view or a factory.
func NewEndpointer(view *membership.View, service string, factory Factory, options ...EndpointerOption) *Endpointer {
	switch {
	case view == nil:
		panic("endpoint: NewEndpointer: the view is nil: use that of a node, node.View()")
	case factory == nil:
		panic("endpoint: NewEndpointer: the factory is nil: use a function that makes an endpoint of an address")
	}
	e := newEndpointer(view, service, factory, options)
	e.awaitEarly(e.ctx)
	return e
}

// newEndpointer does not wait.
func newEndpointer(view *membership.View, service string, factory Factory, options []EndpointerOption) *Endpointer {
	e := &Endpointer{view: view, service: service, factory: factory, clients: make(map[string]*client)}
	e.ctx, e.cancel = context.WithCancel(context.Background())
	e.ready.Store(new(callable))
	for _, option := range options {
		if option != nil {
			option(e)
		}
	}
	e.selection.Panicked = func(i membership.Instance, recovered any) {
		e.log.Error().Any("panic", recovered).Str("instance", i.Address).Msg("endpoint: filter panicked")
	}
	snapshot := view.Snapshot()
	e.replace(e.selection.Of(view, snapshot, service))
	e.early.Store(newEarly(slices.Collect(maps.Values(e.clients))))
	e.work.Go(func() { e.follow(snapshot.Version()) })
	return e
}

// Endpoints gives an endpoint for each instance, in the order of their addresses, for Go kit's balancers. It does not
// copy: read the slice, do not write to it.
func (e *Endpointer) Endpoints() ([]Endpoint, error) { return e.ready.Load().endpoints, nil }

// Close stops following, waits for factories that are running, and closes every endpoint once the
// calls to it have returned. There is nothing to call any more. It is safe to call twice.
//
// It waits for calls of [Retry] and [Hedge] whose time was over before, if their endpoint goes on
// all the same.
func (e *Endpointer) Close() {
	e.mu.Lock()
	e.cancel()
	e.mu.Unlock()
	e.work.Wait()
	e.replace(nil)
	e.closing.Wait()
}

// spawn runs f until e closes, which waits for it; it does nothing after that. Called with the lock held.
func (e *Endpointer) spawn(f func(context.Context)) {
	if e.ctx.Err() == nil {
		e.work.Go(func() { f(e.ctx) })
	}
}

// abandon has Close wait for a call that outlives its context.
func (e *Endpointer) abandon(ended <-chan struct{}) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ctx.Err() == nil {
		e.closing.Go(func() { <-ended })
	}
}

// follow makes each snapshot after known the set.
func (e *Endpointer) follow(known uint64) {
	for snapshot := range e.view.Watch(e.ctx) {
		if snapshot.Version() != known {
			e.replace(e.selection.Of(e.view, snapshot, e.service))
		}
	}
}

// replace makes instances the set, and closes what is not needed any more.
func (e *Endpointer) replace(instances []membership.Instance) {
	for _, gone := range e.swap(instances) {
		settled := e.view.Hold() // who drains must not stop serving before the calls have come that picked it a moment ago
		e.closing.Go(func() {
			gone.awaitCalls(e.ctx)
			settled()
		})
		e.closing.Go(gone.retire) // a closer may take its time; the view must be followed meanwhile
	}
}

// swap makes instances the set and gives the clients that are left over: a client stays with its address.
func (e *Endpointer) swap(instances []membership.Instance) (gone map[string]*client) {
	e.mu.Lock()
	defer e.mu.Unlock()
	gone = e.clients
	e.clients = make(map[string]*client, len(instances))
	for _, instance := range instances {
		if e.clients[instance.Address] != nil {
			continue // two members with one address: one client
		}
		known, kept := gone[instance.Address]
		if !kept {
			known = newClient(e, instance.Address)
		}
		known.update(instance)
		if !kept {
			e.work.Go(known.connect)
		}
		e.clients[instance.Address] = known
		delete(gone, instance.Address)
	}
	e.publish()
	return gone
}

// publish tells the balancers which clients can be called. Called with the lock held.
func (e *Endpointer) publish() {
	ready := &callable{clients: make([]*client, 0, len(e.clients))}
	for _, client := range e.clients {
		if client.published = client.connected(); client.published {
			ready.clients = append(ready.clients, client)
		}
	}
	slices.SortFunc(ready.clients, byAddress)
	ready.endpoints = make([]Endpoint, len(ready.clients))
	for i, client := range ready.clients {
		ready.endpoints[i] = client.call
	}
	e.ready.Store(ready)
	for _, follower := range e.followers {
		follower(ready.clients)
	}
}

// subscribe calls follower with the clients that can be called, now and after each change, one call at a time.
func (e *Endpointer) subscribe(follower func([]*client)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.followers = append(e.followers, follower)
	follower(e.ready.Load().clients)
}
