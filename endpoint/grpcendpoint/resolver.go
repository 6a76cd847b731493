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

// viewResolver passes each change of the view on to gRPC.
type viewResolver struct {
	target *target
	cc     resolver.ClientConn
	cancel context.CancelFunc
	work   sync.WaitGroup
}

func (r *viewResolver) follow(ctx context.Context) {
	for snapshot := range r.target.view.Watch(ctx) {
		found := r.target.resolve(snapshot)
		// An error asks to resolve again, as if there were something to look up: the next change will.
		_ = r.cc.UpdateState(resolver.State{
			Addresses:  found.addresses(),
			Attributes: attributes.New(resolutionKey{}, found),
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
