package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	grpcbalancer "google.golang.org/grpc/balancer"
	"google.golang.org/grpc/balancer/base"
	"google.golang.org/grpc/balancer/leastrequest"
	"google.golang.org/grpc/balancer/ringhash"
	"google.golang.org/grpc/balancer/roundrobin"
	"google.golang.org/grpc/balancer/weightedroundrobin"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/experimental/balancer/weight"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/serviceconfig"
	"google.golang.org/grpc/status"

	"github.com/grapevine-go/grapevine/balancer"
)

// grpcMakers are the balancers of grpc-go with the settings that they have by default, those of ring_hash apart from the header.
var grpcMakers = []maker{
	grpcMaker("grpc round_robin", roundrobin.Name, ""),
	grpcMaker("grpc least_request", leastrequest.Name, "{}"),
	grpcMaker("grpc weighted_round_robin", weightedroundrobin.Name, "{}"),
	{name: "grpc ring_hash", make: grpcOf(ringhash.Name, `{"requestHashHeader": "`+keyHeader+`"}`), keyed: true},
}

func grpcMaker(name, registered, config string) maker {
	return maker{name: name, make: grpcOf(registered, config)}
}

// grpcOf gives rivals that a registered builder makes. It has a config if it parses one.
func grpcOf(registered, config string) func(setup) (rival, error) {
	return func(setup) (rival, error) {
		builder := grpcbalancer.Get(registered)
		if builder == nil {
			return nil, fmt.Errorf("grpc has no balancer %s: import its package", registered)
		}
		g := &grpcRival{conn: newConn()}
		if config != "" {
			var err error
			if g.config, err = builder.(grpcbalancer.ConfigParser).ParseConfig(json.RawMessage(config)); err != nil {
				return nil, err
			}
		}
		g.balancer = builder.Build(g.conn, grpcbalancer.BuildOptions{})
		if registered == weightedroundrobin.Name {
			return weighedRival{g}, nil
		}
		return g, nil
	}
}

// grpcRival is a balancer of grpc on connections that nothing is sent over.
type grpcRival struct {
	conn     *conn
	balancer grpcbalancer.Balancer
	config   serviceconfig.LoadBalancingConfig
}

type weighedRival struct{ *grpcRival }

func (weighedRival) takesLoad() {}

func (g *grpcRival) update(backends []backend) (err error) {
	state := grpcbalancer.ClientConnState{BalancerConfig: g.config}
	ids := make(map[string]int, len(backends))
	for _, b := range backends {
		ids[b.key] = b.id
		address := resolver.Address{Addr: b.key}
		one := resolver.Endpoint{Addresses: []resolver.Address{address}}
		state.ResolverState.Addresses = append(state.ResolverState.Addresses, address)
		state.ResolverState.Endpoints = append(state.ResolverState.Endpoints, weight.Set(one, weight.EndpointInfo{Weight: uint32(max(b.weight, 0))}))
	}
	g.conn.events.do(func() {
		g.conn.ids = ids
		g.conn.events.early.Store(!g.conn.updated)
		err = g.balancer.UpdateClientConnState(state)
		g.conn.events.early.Store(false)
		g.conn.updated = true
	})
	if len(backends) == 0 && errors.Is(err, grpcbalancer.ErrBadResolverState) {
		return nil
	}
	return err
}

// pickPatience is how long a call waits for a connection, as calls of grpc do until their context is done.
const pickPatience = 100 * time.Millisecond

func (g *grpcRival) pick(c call) (ticket, bool) {
	current := g.conn.current.Load()
	t, err := current.pick(c)
	if err == grpcbalancer.ErrNoSubConnAvailable {
		return g.await(c, current)
	}
	return t, err == nil
}

// await picks again with each new picker.
func (g *grpcRival) await(c call, current *generation) (ticket, bool) {
	limit := time.NewTimer(pickPatience)
	defer limit.Stop()
	for {
		select {
		case <-current.replaced:
		case <-limit.C:
			return ticket{}, false
		}
		current = g.conn.current.Load()
		if t, err := current.pick(c); err != grpcbalancer.ErrNoSubConnAvailable {
			return t, err == nil
		}
	}
}

// pick refuses a connection that is not up, as grpc does, until there is a picker that knows.
func (g *generation) pick(c call) (ticket, error) {
	picked, err := g.picker.Pick(grpcbalancer.PickInfo{FullMethodName: "/bench/Work", Ctx: c.ctx})
	if err != nil {
		return ticket{}, err
	}
	to := picked.SubConn.(*subConn)
	if !to.ready.Load() {
		if picked.Done != nil {
			picked.Done(grpcbalancer.DoneInfo{})
		}
		return ticket{}, grpcbalancer.ErrNoSubConnAvailable
	}
	return ticket{id: to.id, grpc: picked.Done}, nil
}

var (
	errShut         = errors.New("closed")
	errGRPCFailed   = status.Error(codes.Unavailable, "failed")
	errGRPCCanceled = status.Error(codes.Canceled, "canceled")
)

func (g *grpcRival) done(t ticket, r result) {
	if t.grpc == nil {
		return
	}
	info := grpcbalancer.DoneInfo{BytesSent: true, BytesReceived: true}
	if r.load != nil {
		info.ServerLoad = r.load
	}
	switch r.outcome {
	case balancer.Failure:
		info.Err = errGRPCFailed
	case balancer.Canceled:
		info.Err = errGRPCCanceled
	}
	t.grpc(info)
}

func (g *grpcRival) close() {
	g.conn.events.do(func() {
		g.balancer.Close()
		for s := range g.conn.subConns {
			s.stop()
		}
		g.conn.UpdateState(grpcbalancer.State{Picker: base.NewErrPicker(errShut)})
	})
	g.conn.events.close()
}

func (g *grpcRival) reset(id int)   { g.conn.events.do(func() { g.conn.reset(id) }) }
func (g *grpcRival) restore(id int) { g.conn.events.do(func() { delete(g.conn.down, id) }) }
