package grpcendpoint

import (
	"sync"

	"google.golang.org/grpc"
	grpcbalancer "google.golang.org/grpc/balancer"
	"google.golang.org/grpc/resolver"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/membership"
)

// target is what one New is for. It outlives the resolver and the balancer, which gRPC closes while a channel is idle, so that
// what is known of instances is not lost.
type target struct {
	view      *membership.View
	service   string
	selection balancer.Selection
	dial      []grpc.DialOption
	balancing []balancer.Option
	probes    int

	picks *balancer.Balancer[*connection]

	mu        sync.Mutex
	byAddress map[string]membership.Instance // as last resolved
}

// connection is one instance that gRPC is connected to.
type connection struct {
	subConn  grpcbalancer.SubConn
	instance membership.Instance
}

// resolve gives the addresses of the instances to connect to.
func (t *target) resolve(snapshot *membership.Snapshot) []resolver.Address {
	instances := t.selection.Of(t.view, snapshot, t.service)
	byAddress := make(map[string]membership.Instance, len(instances))
	addresses := make([]resolver.Address, 0, len(instances))
	for _, instance := range instances {
		if _, twice := byAddress[instance.Address]; !twice {
			byAddress[instance.Address] = instance
			addresses = append(addresses, resolver.Address{Addr: instance.Address})
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.byAddress = byAddress
	return addresses
}

// at gives the instance at an address.
func (t *target) at(address string) (membership.Instance, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	instance, ok := t.byAddress[address]
	return instance, ok
}
