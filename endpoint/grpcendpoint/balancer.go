package grpcendpoint

import (
	"context"
	"errors"
	"sync"
	"syscall"

	grpcbalancer "google.golang.org/grpc/balancer"
	"google.golang.org/grpc/balancer/base"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/resolver"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/membership"
)

// balancerName is how gRPC knows the balancer. It is chosen by New only: it needs the resolver of New.
const balancerName = "grapevine"

func init() { grpcbalancer.Register(balancerBuilder{}) }

type balancerBuilder struct{}

func (balancerBuilder) Name() string { return balancerName }

// Build takes gRPC's own base for what it is good at, keeping a connection to each address.
func (balancerBuilder) Build(cc grpcbalancer.ClientConn, options grpcbalancer.BuildOptions) grpcbalancer.Balancer {
	b := new(viewBalancer)
	b.Balancer = base.NewBalancerBuilder(balancerName, b, base.Config{}).Build(watched{cc, b}, options)
	return b
}

// viewBalancer picks for one target. gRPC calls its methods one at a time.
type viewBalancer struct {
	grpcbalancer.Balancer
	target *target
	prober *balancer.Prober[*connection]
	stop   context.CancelFunc // of the prober; nil before it runs
	work   sync.WaitGroup
}

var errNotOurs = errors.New("grpcendpoint: this balancer works for connections of grpcendpoint.New only")

func (b *viewBalancer) UpdateClientConnState(state grpcbalancer.ClientConnState) error {
	target, ok := state.ResolverState.Attributes.Value(targetKey{}).(*target)
	if !ok {
		return errNotOurs
	}
	if b.target == nil {
		b.prober = balancer.NewProber(target.picks, target.view, target.probes, func(c *connection) membership.Instance { return c.instance })
	}
	b.target = target
	return b.Balancer.UpdateClientConnState(state)
}

// Build makes a picker for the connections that are ready, as the base asks whenever they or the instances have changed.
func (b *viewBalancer) Build(info base.PickerBuildInfo) grpcbalancer.Picker {
	items := make([]balancer.Item[*connection], 0, len(info.ReadySCs))
	for subConn, of := range info.ReadySCs {
		if instance, ok := b.target.at(of.Address.Addr); ok {
			items = append(items, balancer.Item[*connection]{
				Key: instance.Address, Weight: instance.Weight, Zone: instance.Zone, Started: instance.Started,
				Value: &connection{subConn, instance},
			})
		}
	}
	sortByKey(items)
	b.target.picks.Update(items)
	b.probe()
	return picker{b.target, b.prober}
}

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
	b.Balancer.Close()
	if b.stop != nil {
		b.stop()
		b.work.Wait()
	}
}

// watched lets a balancer see what becomes of its connections, before the base does.
type watched struct {
	grpcbalancer.ClientConn
	balancer *viewBalancer
}

func (w watched) NewSubConn(addresses []resolver.Address, options grpcbalancer.NewSubConnOptions) (grpcbalancer.SubConn, error) {
	told := options.StateListener
	options.StateListener = func(state grpcbalancer.SubConnState) {
		w.balancer.saw(addresses[0].Addr, state)
		told(state)
	}
	//lint:ignore SA1019 gRPC's base, which calls this, knows no other way either
	return w.ClientConn.NewSubConn(addresses, options)
}

// saw tells the node behind the view of a connection that was refused: nobody listens there any more.
func (b *viewBalancer) saw(address string, state grpcbalancer.SubConnState) {
	if state.ConnectivityState != connectivity.TransientFailure || !errors.Is(state.ConnectionError, syscall.ECONNREFUSED) {
		return
	}
	if instance, ok := b.target.at(address); ok {
		b.target.view.Report(instance, membership.Refused)
	}
}
