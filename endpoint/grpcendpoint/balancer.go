package grpcendpoint

import (
	"context"
	"errors"
	"fmt"
	"sync"

	grpcbalancer "google.golang.org/grpc/balancer"
	"google.golang.org/grpc/balancer/base"
	"google.golang.org/grpc/connectivity"
	_ "google.golang.org/grpc/health" // so that a healthCheckConfig works
	"google.golang.org/grpc/resolver"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/membership"
)

// balancerName is how gRPC knows the balancer. Only New chooses it: it needs the resolver of New.
const balancerName = "grapevine"

func init() { grpcbalancer.Register(balancerBuilder{}) }

type balancerBuilder struct{}

func (balancerBuilder) Name() string { return balancerName }

func (balancerBuilder) Build(cc grpcbalancer.ClientConn, options grpcbalancer.BuildOptions) grpcbalancer.Balancer {
	return &viewBalancer{cc: cc, service: options.Target.Endpoint(), links: make(map[place]*link)}
}

// viewBalancer keeps a link to each instance of one target. gRPC calls its methods, and those of its
// links, one at a time.
type viewBalancer struct {
	cc      grpcbalancer.ClientConn
	service string
	target  *target // nil before the first resolution
	links   map[place]*link
	states  grpcbalancer.ConnectivityStateEvaluator
	absent  error // why there are no links
	failure error // of the link that failed last

	prober *balancer.Prober[*connection]
	stop   context.CancelFunc // of the prober; nil before it runs
	work   sync.WaitGroup
}

var errNotOurs = errors.New("grpcendpoint: this balancer works for connections of grpcendpoint.New only")

// UpdateClientConnState takes over the instances that the resolver found.
func (b *viewBalancer) UpdateClientConnState(state grpcbalancer.ClientConnState) error {
	found, ok := state.ResolverState.Attributes.Value(resolutionKey{}).(*resolution)
	if !ok {
		return errNotOurs
	}
	if b.target == nil {
		b.target = found.target
		b.prober = balancer.NewProber(b.target.picks, b.target.view, b.target.probes,
			func(c *connection) membership.Instance { return c.instance })
	}
	b.absent = found.absent
	addresses := state.ResolverState.Addresses
	if len(addresses) != len(found.instances) {
		b.absent = fmt.Errorf("grpcendpoint: gRPC made %d addresses of the %d instances of service %q",
			len(addresses), len(found.instances), b.service)
		found, addresses = new(resolution), nil
	}
	b.relink(found.instances, addresses)
	b.update()
	b.publish()
	return nil
}

// relink keeps the links of instances that stay, and replaces the others.
func (b *viewBalancer) relink(instances []membership.Instance, addresses []resolver.Address) {
	old := b.links
	b.links = make(map[place]*link, len(instances))
	for i, instance := range instances {
		at := placeOf(instance, addresses[i])
		known := old[at]
		if known == nil || known.outdated(instance) {
			if known = b.newLink(instance, addresses[i]); known == nil {
				continue // gRPC is closing
			}
		} else {
			delete(old, at)
		}
		known.instance = instance
		b.links[at] = known
	}
	for _, gone := range old {
		gone.close()
	}
}

// update hands the connections to the balancer that picks.
func (b *viewBalancer) update() {
	items := make([]balancer.Item[*connection], 0, len(b.links))
	for _, l := range b.links {
		if l.state == connectivity.Ready {
			instance := l.instance
			items = append(items, balancer.Item[*connection]{
				Key: instance.Address, Weight: instance.Weight, Zone: instance.Zone, Started: instance.Started,
				Value: &connection{l.subConn, instance},
			})
		}
	}
	sortByKey(items)
	b.target.picks.Update(items)
	b.probe()
}

// publish hands gRPC the picker for the state of all links together.
func (b *viewBalancer) publish() {
	state := grpcbalancer.State{ConnectivityState: b.states.CurrentState()}
	switch {
	case state.ConnectivityState == connectivity.Ready:
		state.Picker = picker{b.target, b.prober}
	case state.ConnectivityState == connectivity.Connecting:
		state.Picker = base.NewErrPicker(grpcbalancer.ErrNoSubConnAvailable) // RPCs wait
	case len(b.links) == 0:
		state.Picker = base.NewErrPicker(b.absent)
	default:
		state.Picker = base.NewErrPicker(unreachable(b.service, len(b.links), b.failure))
	}
	b.cc.UpdateState(state)
}

// ResolverError is called when gRPC itself cannot resolve an address: that of a proxy.
func (b *viewBalancer) ResolverError(err error) {
	if len(b.links) > 0 {
		return
	}
	b.absent = fmt.Errorf("grpcendpoint: no instance of service %q: %w", b.service, err)
	b.publish()
}

// UpdateSubConnState does nothing: each link has a listener of its own.
func (b *viewBalancer) UpdateSubConnState(grpcbalancer.SubConn, grpcbalancer.SubConnState) {}

// ExitIdle does nothing: each link connects at once.
func (b *viewBalancer) ExitIdle() {}

// probe begins to, once that is of use.
func (b *viewBalancer) probe() {
	if _, _, wanted := b.target.picks.Next(); !wanted || b.stop != nil || b.target.probes <= 0 {
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	b.stop = stop
	b.work.Go(func() { b.prober.Run(ctx) })
}

// Close is called when the connection of New is closed, or idle.
func (b *viewBalancer) Close() {
	if b.stop != nil {
		b.stop()
		b.work.Wait()
	}
}
