package main

import (
	"errors"
	"math"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/backoff"
	grpcbalancer "google.golang.org/grpc/balancer"
	"google.golang.org/grpc/connectivity"
)

// subConn is a connection that nothing is sent over. It goes through the states of grpc's own.
type subConn struct {
	grpcbalancer.SubConn // nil: grpc insists that it is embedded

	conn   *conn
	listen func(grpcbalancer.SubConnState)
	ready  atomic.Bool

	// Used by events only; id does not change once ready was true.
	id       int
	state    connectivity.State
	failures int // in a row
	retry    *time.Timer
}

// Connect may be called with locks of the balancer held, so that what it leads to is an event. See eventQueue.early.
func (s *subConn) Connect() {
	if s.conn.events.early.Load() {
		s.conn.events.drain()
	}
	s.conn.events.post(s.dial)
}

func (s *subConn) Shutdown() {
	s.conn.events.post(func() {
		delete(s.conn.subConns, s)
		s.stop()
		s.set(connectivity.Shutdown, nil)
	})
}

// RegisterHealthListener says that what is up is healthy, as grpc does when health is not checked.
func (s *subConn) RegisterHealthListener(listen func(grpcbalancer.SubConnState)) {
	s.conn.events.post(func() {
		if s.ready.Load() {
			listen(grpcbalancer.SubConnState{ConnectivityState: connectivity.Ready})
		}
	})
}

func (s *subConn) set(state connectivity.State, err error) {
	s.state = state
	s.ready.Store(state == connectivity.Ready)
	s.listen(grpcbalancer.SubConnState{ConnectivityState: state, ConnectionError: err})
}

var errRefused = errors.New("connection refused")

func (s *subConn) dial() {
	if s.state != connectivity.Idle {
		return
	}
	s.set(connectivity.Connecting, nil)
	if !s.conn.down[s.id] {
		s.failures = 0
		s.set(connectivity.Ready, nil)
		return
	}
	s.retry = time.AfterFunc(backoffAfter(s.failures), func() { s.conn.events.post(s.rested) })
	s.failures++
	s.set(connectivity.TransientFailure, errRefused)
}

func (s *subConn) rested() {
	if s.state == connectivity.TransientFailure {
		s.set(connectivity.Idle, nil)
	}
}

func (s *subConn) stop() {
	if s.retry != nil {
		s.retry.Stop()
	}
}

// backoffAfter is what grpc waits by default after so many failures before this one: 1 s, then 1.6 times as long each, to within 20 %, 2 min at most.
func backoffAfter(failures int) time.Duration {
	c := backoff.DefaultConfig
	if failures == 0 {
		return c.BaseDelay
	}
	wait := min(float64(c.BaseDelay)*math.Pow(c.Multiplier, float64(failures)), float64(c.MaxDelay))
	return time.Duration(wait * (1 + c.Jitter*(2*rand.Float64()-1)))
}
