package endpoint

import (
	"context"
	"slices"

	"github.com/go-kit/kit/sd/lb"
	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/membership"
)

var _ lb.Balancer = (*Balancer)(nil)

// Balancer sends each call to the instance that a policy picks at the moment of the call. It needs no Close: it ends
// with its Endpointer.
type Balancer struct {
	from   *Endpointer
	picks  *balancer.Balancer[*client]
	with   []balancer.Option
	prober *balancer.Prober[*client]
	probes int // a second, at most
	failed failures

	failureIf   func(error) bool // nil for always
	badResponse func(any) bool   // nil for never
}

// NewBalancer balances over the endpoints of e, with a policy of its own; nil means
// balancer.LeastRequest. By default it probes instances for their load, see [Probes]. It panics
// without an Endpointer.
func NewBalancer(e *Endpointer, policy balancer.Policy, options ...BalancerOption) *Balancer {
	if e == nil {
		panic("endpoint: NewBalancer: the Endpointer is nil: make one with NewEndpointer")
	}
	if policy == nil {
		policy = balancer.LeastRequest()
	}
	b := &Balancer{from: e, probes: balancer.DefaultProbes}
	for _, option := range options {
		if option != nil {
			option(b)
		}
	}
	b.picks = balancer.New[*client](contained(policy, e.log), b.with...)
	b.prober = balancer.NewProber(b.picks, e.view, b.probes,
		func(c *client) membership.Instance { return *c.instance.Load() })
	begun := b.probes <= 0
	e.subscribe(func(clients []*client) {
		b.update(clients)
		if _, _, wanted := b.picks.Next(); wanted && !begun {
			begun = true
			e.spawn(b.prober.Run)
		}
	})
	return b
}

// contained picks at random where a policy panics: it runs in goroutines that are the endpointer's, not the caller's.
func contained(policy balancer.Policy, log zerolog.Logger) balancer.Policy {
	return func(s *balancer.Set) (picker balancer.Picker) {
		defer func() {
			if recovered := recover(); recovered != nil {
				log.Error().Any("panic", recovered).Msg("endpoint: policy panicked")
				picker = balancer.Random()(s)
			}
		}()
		return policy(s)
	}
}

func (b *Balancer) update(clients []*client) {
	items := make([]balancer.Item[*client], len(clients))
	for i, c := range clients {
		instance := c.instance.Load()
		items[i] = balancer.Item[*client]{
			Key:     c.address,
			Weight:  instance.Weight,
			Zone:    instance.Zone,
			Started: instance.Started,
			Value:   c,
		}
	}
	b.picks.Update(items)
}

// Endpoint returns an endpoint that picks an instance each time it is called. The calls that one
// run of Go kit's lb.Retry makes go to different instances while another is left. While there is
// none the error is [ErrNoEndpoints] itself, as it is of Go kit's balancers, or a
// [*NoEndpointsError] where there are instances that cannot be called.
func (b *Balancer) Endpoint() (Endpoint, error) {
	if b.picks.Len() > 0 {
		return b.call, nil
	}
	switch none := b.from.noEndpoints(); none.Cause {
	case NotOffered, NotConnected:
		return nil, ErrNoEndpoints
	default:
		return nil, none
	}
}

func (b *Balancer) call(ctx context.Context, request any) (any, error) {
	response, called, ending := b.try(ctx, request, b.failed.in(ctx), inPlace)
	if ending.err != nil && called != nil {
		b.failed.add(ctx, called)
	}
	return response, ending.err
}

// try calls an instance that is not among tried while there is one. It returns which it called,
// nil for none: there is no instance, or the time for the call was over before.
func (b *Balancer) try(ctx context.Context, request any, tried []*client, run runner) (any, *client, ending) {
	if err := ctx.Err(); err != nil {
		return nil, nil, ending{err: err}
	}
	picked, token, err := b.take(ctx, tried)
	if err != nil {
		return nil, nil, ending{err: b.from.noEndpoints()}
	}
	b.prober.Poke()
	response, ending := b.send(ctx, request, picked, token, run)
	return response, picked, ending
}

// take picks an instance and acquires it. One that left meanwhile cannot be acquired, but then the set is a new one
// already, so that it is not picked again.
func (b *Balancer) take(ctx context.Context, tried []*client) (*client, balancer.Token, error) {
	choice := balancer.Choice[*client]{Key: balancer.KeyOf(ctx)}
	if len(tried) > 0 {
		choice.Tried = func(c *client) bool { return slices.Contains(tried, c) }
	}
	for {
		picked, token, err := b.picks.PickFor(choice)
		if err != nil || picked.acquireCurrent() {
			return picked, token, err
		}
		b.picks.Done(token, balancer.Canceled)
	}
}

// send calls what was taken.
func (b *Balancer) send(ctx context.Context, request any, taken *client, token balancer.Token,
	run runner) (any, ending) {
	outcome := balancer.Failure // unless the endpoint returns: it may panic
	defer func() { b.picks.Done(token, outcome) }()
	response, ending := taken.send(ctx, request, run)
	outcome = b.outcomeOf(response, ending)
	return response, ending
}
