package main

import (
	"errors"
	"sync/atomic"

	grpcbalancer "google.golang.org/grpc/balancer"
	"google.golang.org/grpc/balancer/base"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/experimental/stats"
	"google.golang.org/grpc/resolver"
)

// conn stands for a grpc.ClientConn towards a balancer, which tells of the states of connections one at a time. A dial
// succeeds, or is refused, at once.
type conn struct {
	grpcbalancer.ClientConn // nil: grpc insists that it is embedded

	current atomic.Pointer[generation]
	events  eventQueue

	// Used by events only.
	ids      map[string]int // of keys
	subConns map[*subConn]bool
	down     map[int]bool
	updated  bool
}

// generation is a picker until it is replaced.
type generation struct {
	picker   grpcbalancer.Picker
	replaced chan struct{}
}

func newConn() *conn {
	c := &conn{subConns: make(map[*subConn]bool), down: make(map[int]bool)}
	c.events.idle.L = &c.events.mu
	c.current.Store(&generation{base.NewErrPicker(grpcbalancer.ErrNoSubConnAvailable), make(chan struct{})})
	return c
}

func (c *conn) UpdateState(s grpcbalancer.State) {
	old := c.current.Swap(&generation{s.Picker, make(chan struct{})})
	close(old.replaced)
}

func (c *conn) NewSubConn(addresses []resolver.Address, o grpcbalancer.NewSubConnOptions) (grpcbalancer.SubConn, error) {
	s := &subConn{conn: c, listen: o.StateListener}
	c.events.post(func() {
		s.id = c.ids[addresses[0].Addr]
		c.subConns[s] = true
	})
	return s, nil
}

func (c *conn) ResolveNow(resolver.ResolveNowOptions)  {}
func (c *conn) Target() string                         { return "bench" }
func (c *conn) MetricsRecorder() stats.MetricsRecorder { return noMetrics{} }

type noMetrics struct {
	stats.UnimplementedMetricsRecorder
}

var errReset = errors.New("connection reset")

// reset is an event.
func (c *conn) reset(id int) {
	c.down[id] = true
	for s := range c.subConns {
		if s.id == id && s.ready.Load() {
			s.set(connectivity.Idle, errReset)
		}
	}
}
