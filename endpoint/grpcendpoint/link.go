package grpcendpoint

import (
	"errors"
	"syscall"

	grpcbalancer "google.golang.org/grpc/balancer"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/resolver"

	"github.com/grapevine-go/grapevine/membership"
)

// place identifies the process behind an address. Another boot there is another process: it must not
// wait until gRPC tries the old connection again, which takes up to two minutes.
type place struct {
	address string
	boot    membership.Boot
	dialled string // the address of a proxy, if one is used
}

func placeOf(instance membership.Instance, address resolver.Address) place {
	return place{instance.Address, instance.Boot, address.Addr}
}

// link is gRPC's connection to one instance, made or not.
type link struct {
	balancer *viewBalancer
	subConn  grpcbalancer.SubConn
	instance membership.Instance
	direct   bool               // not through a proxy
	state    connectivity.State // Connecting, Ready, TransientFailure or Shutdown
}

// newLink returns nil if gRPC makes no connections any more.
func (b *viewBalancer) newLink(instance membership.Instance, address resolver.Address) *link {
	l := &link{balancer: b, direct: address.Addr == instance.Address, state: connectivity.Connecting}
	address.ServerName = b.target.serverName(instance)
	//lint:ignore SA1019 gRPC's own balancers know no other way either
	subConn, err := b.cc.NewSubConn([]resolver.Address{address}, grpcbalancer.NewSubConnOptions{
		HealthCheckEnabled: true, // does something only where the service config asks for it
		StateListener:      l.changed,
	})
	if err != nil {
		log.Warningf("cannot connect to %s: %v", instance.Address, err)
		return nil
	}
	l.subConn = subConn
	b.states.RecordTransition(connectivity.Shutdown, l.state)
	subConn.Connect()
	return l
}

// outdated reports whether l waits to try again although the instance is heard again just now.
func (l *link) outdated(now membership.Instance) bool {
	return l.state == connectivity.TransientFailure && l.instance.Suspected && !now.Suspected
}

// changed is called by gRPC when the connection is in another state.
func (l *link) changed(now grpcbalancer.SubConnState) {
	before, state := l.state, now.ConnectivityState
	if before == connectivity.Shutdown || state == connectivity.Shutdown {
		return
	}
	if state == connectivity.Idle {
		l.subConn.Connect()
		state = connectivity.Connecting
	}
	if before == connectivity.TransientFailure && state == connectivity.Connecting {
		return // counts as failed until it is ready, or RPCs would wait while nobody can be reached
	}
	if state == connectivity.TransientFailure {
		l.balancer.failure = now.ConnectionError
		l.report(now.ConnectionError)
	}
	l.state = state
	l.balancer.states.RecordTransition(before, state)
	if (before == connectivity.Ready) != (state == connectivity.Ready) {
		l.balancer.update()
	}
	l.balancer.publish()
}

// report tells the node behind the view of a connection that was refused: nobody listens there.
func (l *link) report(err error) {
	if l.direct && errors.Is(err, syscall.ECONNREFUSED) {
		l.balancer.target.view.Report(l.instance, membership.Refused)
	}
}

// close lets the RPCs in flight finish.
func (l *link) close() {
	l.balancer.states.RecordTransition(l.state, connectivity.Shutdown)
	l.state = connectivity.Shutdown
	l.subConn.Shutdown()
}
