package grpcendpoint

import (
	"context"
	"sync"

	"google.golang.org/grpc/attributes"
	"google.golang.org/grpc/resolver"
)

const scheme = "grapevine"

// resolverBuilder is for one target only, so that two connections to a service can differ in policy.
type resolverBuilder struct{ target *target }

func (resolverBuilder) Scheme() string { return scheme }

func (b resolverBuilder) Build(_ resolver.Target, cc resolver.ClientConn, _ resolver.BuildOptions) (resolver.Resolver, error) {
	ctx, cancel := context.WithCancel(context.Background())
	r := &viewResolver{target: b.target, cc: cc, cancel: cancel}
	r.work.Go(func() { r.follow(ctx) })
	return r, nil
}

// viewResolver tells gRPC of each change of the view.
type viewResolver struct {
	target *target
	cc     resolver.ClientConn
	cancel context.CancelFunc
	work   sync.WaitGroup
}

func (r *viewResolver) follow(ctx context.Context) {
	for snapshot := range r.target.view.Watch(ctx) {
		// The error says that the balancer wants to be told again, as if there were something to look up: the next change will.
		_ = r.cc.UpdateState(resolver.State{
			Addresses:  r.target.resolve(snapshot),
			Attributes: attributes.New(targetKey{}, r.target),
		})
	}
}

// ResolveNow does nothing: the view is always up to date.
func (*viewResolver) ResolveNow(resolver.ResolveNowOptions) {}

// Close stops following and waits.
func (r *viewResolver) Close() {
	r.cancel()
	r.work.Wait()
}

// targetKey is where the balancer finds its target.
type targetKey struct{}
