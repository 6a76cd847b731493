package grpcendpoint

import (
	"fmt"
	"slices"

	"google.golang.org/grpc"
	"google.golang.org/grpc/grpclog"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/membership"
)

var log = grpclog.Component("grpcendpoint")

// New returns a connection to all instances of service in view that take calls. It follows the view
// until it is closed, and each RPC goes to the instance that the policy picks. The Policy value
// belongs to it: do not use it elsewhere. New does not connect: the first RPC does, as with
// grpc.NewClient, and already finds the instances that the view holds.
//
// An RPC fails as Unavailable while there is no instance, or none that can be reached; the status
// names the service and the cause. An RPC made with grpc.WaitForReady waits instead.
//
// Credentials are needed as with grpc.NewClient, see [Dial]. A default service config of the
// caller's holds beside the policy, unless it names another load balancer. Calls between members
// use no proxy, see [ProxyFromEnvironment].
//
// New fails, with a [*membership.FieldError] where an argument is at fault, if view, policy or an
// option is nil, if no service can have that name, or if grpc.NewClient fails.
func New(view *membership.View, service string, policy balancer.Policy, options ...Option) (*grpc.ClientConn, error) {
	t, err := newTarget(view, service, policy, options)
	if err != nil {
		return nil, fmt.Errorf("grpcendpoint: %w", err)
	}
	dial := t.dialOptions()
	config, err := t.serviceConfig(dial)
	if err != nil {
		return nil, fmt.Errorf("grpcendpoint: %w", err)
	}
	return grpc.NewClient(t.name(), append(dial,
		grpc.WithDefaultServiceConfig(config),
		grpc.WithDisableServiceConfig(),
		grpc.WithChainStreamInterceptor(markStream))...)
}

// newTarget reports the first argument that cannot be used.
func newTarget(view *membership.View, service string, policy balancer.Policy, options []Option) (*target, error) {
	if view == nil {
		return nil, missing("view", "pass the View of a node, or of a membership.Store")
	}
	if err := membership.CheckName("service name", service); err != nil {
		return nil, err
	}
	if policy == nil {
		return nil, missing("policy", "pass a balancer.Policy, such as balancer.LeastRequest()")
	}
	t := &target{view: view, service: service, probes: balancer.DefaultProbes}
	for _, option := range options {
		if option == nil {
			return nil, missing("option", "leave it out")
		}
		option(t)
	}
	switch {
	case slices.Contains(t.dial, nil):
		return nil, missing("gRPC dial option", "leave it out")
	case slices.ContainsFunc(t.balancing, func(o balancer.Option) bool { return o == nil }):
		return nil, missing("balancer option", "leave it out")
	case slices.ContainsFunc(t.selection.Where, func(f func(membership.Instance) bool) bool { return f == nil }):
		return nil, missing("filter of Where", "leave it out")
	}
	t.selection.Panicked = func(i membership.Instance, recovered any) {
		log.Errorf("filter panicked for the instance at %s: %v", i.Address, recovered)
	}
	t.picks = balancer.New[*connection](policy, t.balancing...)
	return t, nil
}

func missing(field, remedy string) error {
	return &membership.FieldError{Field: field, Value: "nil", Remedy: remedy}
}

// Option configures [New].
type Option func(*target)

// Dial passes options on to grpc.NewClient. The default is none.
func Dial(options ...grpc.DialOption) Option {
	return func(t *target) { t.dial = append(t.dial, options...) }
}

// With passes options on to the balancer, such as [balancer.PreferZone]. The default is none.
func With(options ...balancer.Option) Option {
	return func(t *target) { t.balancing = append(t.balancing, options...) }
}

// Probes sets how many load probes are sent each second at most. The default is 500; 0 or less sends
// none. Probes go with the RPCs, for a policy that uses them. [balancer.Prober] describes them, and
// Probes of package endpoint the effect of having none.
func Probes(perSecond int) Option { return func(t *target) { t.probes = perSecond } }

// ProxyFromEnvironment connects through the proxy that HTTPS_PROXY and NO_PROXY name, as
// grpc.NewClient does. The default is no proxy: it is meant for the world outside, and seldom
// reaches the members of a cluster. For a proxy that the environment does not name, pass a dialer
// that connects through it: Dial(grpc.WithContextDialer(...)).
func ProxyFromEnvironment() Option { return func(t *target) { t.proxied = true } }

// ServerNameFromHost checks a server's certificate for the host of the instance's address, as
// package endpoint does over HTTPS. The default is the service's name, so that one certificate
// serves all instances of a service. grpc.WithAuthority, given through [Dial], overrides both, and
// so does a ServerName in the TLS credentials. The header :authority is not changed.
func ServerNameFromHost() Option { return func(t *target) { t.hostNames = true } }

// FailureIf sets which status errors, answered by an instance, count as failures of the instance,
// for its share of the calls and its ejection. The default, and nil, is the codes Unknown, Internal,
// Unavailable, ResourceExhausted, DataLoss and Unimplemented. It is not asked about an RPC that no
// instance has answered, nor about a mistake of the caller; docs/calls.md has the table.
// It must not block, and is called concurrently.
func FailureIf(failed func(error) bool) Option {
	return func(t *target) { t.failed = failed }
}
