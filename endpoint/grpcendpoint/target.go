package grpcendpoint

import (
	"net"
	"strings"

	"google.golang.org/grpc"
	grpcbalancer "google.golang.org/grpc/balancer"
	"google.golang.org/grpc/resolver"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/membership"
)

// target is the service that one New is for. It outlives the resolver and the balancer, which gRPC
// closes while a channel is idle, so that knowledge of the instances is not lost.
type target struct {
	view      *membership.View
	service   string
	selection balancer.Selection
	dial      []grpc.DialOption
	balancing []balancer.Option
	probes    int
	proxied   bool
	hostNames bool             // of instances, for TLS
	failed    func(error) bool // nil: the default

	picks *balancer.Balancer[*connection]
}

// name is the target as gRPC writes it.
func (t *target) name() string { return scheme + ":///" + t.service }

// connection is one instance that gRPC is connected to.
type connection struct {
	subConn  grpcbalancer.SubConn
	instance membership.Instance
}

// resolution is a result of the resolver. It travels beside gRPC's list of addresses, in the same
// order: gRPC puts other addresses in, without any attributes, where a proxy is used.
type resolution struct {
	target    *target
	instances []membership.Instance
	absent    error // why there are none
}

// resolutionKey is where the balancer finds the resolution.
type resolutionKey struct{}

// resolve returns the instances to connect to, one for each address.
func (t *target) resolve(snapshot *membership.Snapshot) *resolution {
	all := t.selection.Of(t.view, snapshot, t.service)
	found := &resolution{target: t, instances: make([]membership.Instance, 0, len(all))}
	known := make(map[string]bool, len(all))
	for _, instance := range all {
		if !known[instance.Address] {
			known[instance.Address] = true
			found.instances = append(found.instances, instance)
		}
	}
	if len(all) == 0 {
		found.absent = t.absent(snapshot)
	}
	return found
}

// addresses are those of the instances, in their order.
func (r *resolution) addresses() []resolver.Address {
	addresses := make([]resolver.Address, len(r.instances))
	for i := range r.instances {
		addresses[i] = resolver.Address{Addr: r.instances[i].Address}
	}
	return addresses
}

// serverName returns the name that TLS checks the certificate of an instance for; "" stands for the service's name.
func (t *target) serverName(instance membership.Instance) string {
	if !t.hostNames {
		return ""
	}
	host, _, err := net.SplitHostPort(instance.Address)
	if err != nil {
		return instance.Address
	}
	host, _, _ = strings.Cut(host, "%") // a zone is of this host only
	return host
}
