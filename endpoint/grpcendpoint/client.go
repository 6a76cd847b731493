package grpcendpoint

import (
	"google.golang.org/grpc"
	"google.golang.org/grpc/grpclog"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/membership"
)

var log = grpclog.Component("grpcendpoint")

// New returns a connection to all instances of service in view that take calls: it follows the view until it is closed, and each
// RPC goes to the instance that the policy picks. The Policy value belongs to it: do not give it to another one.
//
// While there is no instance RPCs fail as Unavailable, or wait if they were made with grpc.WaitForReady. Credentials are needed
// as with grpc.NewClient, see [Dial]; the errors are those of grpc.NewClient.
func New(view *membership.View, service string, policy balancer.Policy, options ...Option) (*grpc.ClientConn, error) {
	t := &target{view: view, service: service, byAddress: make(map[string]membership.Instance), probes: balancer.DefaultProbes}
	for _, option := range options {
		option(t)
	}
	t.selection.Panicked = func(i membership.Instance, recovered any) {
		log.Errorf("filter panicked for the instance at %s: %v", i.Address, recovered)
	}
	t.picks = balancer.New[*connection](policy, t.balancing...)
	dial := append([]grpc.DialOption{
		grpc.WithResolvers(resolverBuilder{t}),
		grpc.WithDefaultServiceConfig(`{"loadBalancingConfig": [{"` + balancerName + `": {}}]}`),
		grpc.WithDisableServiceConfig(),
	}, t.dial...)
	return grpc.NewClient(scheme+":///"+service, dial...)
}

// Option configures [New].
type Option func(*target)

// Dial passes options on to grpc.NewClient.
func Dial(options ...grpc.DialOption) Option {
	return func(t *target) { t.dial = append(t.dial, options...) }
}

// With passes options on to the balancer, such as [balancer.PreferZone].
func With(options ...balancer.Option) Option {
	return func(t *target) { t.balancing = append(t.balancing, options...) }
}

// Probes sets how many load probes are sent each second at most. The default is 500; 0 or less sends none. They go with the RPCs, for
// a policy that goes by them; see [balancer.Prober] for how, and Probes of package endpoint for what is lost without.
func Probes(perSecond int) Option { return func(t *target) { t.probes = perSecond } }
