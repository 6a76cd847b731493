package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	kitendpoint "github.com/go-kit/kit/endpoint"
	"github.com/go-kit/kit/sd"
	"github.com/go-kit/kit/sd/lb"
	"github.com/go-kit/log"
	"google.golang.org/grpc"
	"google.golang.org/grpc/balancer/leastrequest"
	"google.golang.org/grpc/balancer/roundrobin"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/endpoint"
	"github.com/grapevine-go/grapevine/endpoint/grpcendpoint"
	"github.com/grapevine-go/grapevine/membership"
)

// liveContender is a way to call real servers.
type liveContender struct {
	name      string
	simulated string // what picks the same in the simulation
	call      func(view *membership.View) (liveCaller, error)
}

// liveCaller is that of one client.
type liveCaller interface {
	call(ctx context.Context, work time.Duration) error
	close()
}

var liveContenders = []liveContender{
	{"LeastRequest+probes", probingOurs, viaEndpoint(balancer.LeastRequest, balancer.DefaultProbes)},
	{"LeastRequest", plainOurs, viaEndpoint(balancer.LeastRequest, 0)},
	{"PeakEWMA", peakEWMA, viaEndpoint(balancer.PeakEWMA, 0)},
	{"RoundRobin", "RoundRobin", viaEndpoint(balancer.RoundRobin, 0)},
	{"go-kit RoundRobin", "go-kit RoundRobin", viaKit},
	{"gRPC, LeastRequest+probes", probingOurs, viaGRPCEndpoint(balancer.DefaultProbes)},
	{"gRPC, LeastRequest", plainOurs, viaGRPCEndpoint(0)},
	{"gRPC, its round_robin", "grpc round_robin", viaGRPC(roundrobin.Name)},
	{"gRPC, its least_request", "grpc least_request", viaGRPC(leastrequest.Name)},
}

// overHTTP calls what next gives, by a client that keeps connections.
type overHTTP struct {
	next      kitendpoint.Endpoint
	transport *http.Transport
	shut      func()
}

func (c *overHTTP) call(ctx context.Context, work time.Duration) error {
	_, err := c.next(ctx, work)
	return err
}

func (c *overHTTP) close() {
	c.shut()
	c.transport.CloseIdleConnections()
}

// at makes an endpoint of an address.
func (c *overHTTP) at(address string) kitendpoint.Endpoint {
	client := &http.Client{Transport: c.transport}
	return func(ctx context.Context, work any) (any, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address, nil)
		if err != nil {
			return nil, err
		}
		request.Header.Set(workHeader, strconv.FormatInt(int64(work.(time.Duration)), 10))
		response, err := client.Do(request)
		if err != nil {
			return nil, err
		}
		defer response.Body.Close()
		if _, err = io.Copy(io.Discard, response.Body); err == nil && response.StatusCode != http.StatusOK {
			err = fmt.Errorf("%s: %s", address, response.Status)
		}
		return nil, err
	}
}

func newOverHTTP() *overHTTP {
	return &overHTTP{transport: &http.Transport{MaxIdleConnsPerHost: idleConns}}
}

func viaEndpoint(policy func() balancer.Policy, probes int) func(*membership.View) (liveCaller, error) {
	return func(view *membership.View) (liveCaller, error) {
		c := newOverHTTP()
		e := endpoint.NewEndpointer(view, workService, func(address string) (endpoint.Endpoint, io.Closer, error) { return c.at(address), nil, nil })
		c.shut = e.Close
		for until := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
			if ready, _ := e.Endpoints(); len(ready) == liveServers {
				break
			}
			if time.Now().After(until) {
				c.close()
				return nil, endpoint.ErrNoEndpoints
			}
		}
		var err error
		c.next, err = endpoint.NewBalancer(e, policy(), endpoint.Probes(probes)).Endpoint()
		return c, err
	}
}

func viaKit(view *membership.View) (liveCaller, error) {
	c := newOverHTTP()
	instances := sd.FixedInstancer(view.Snapshot().Addresses(workService))
	e := sd.NewEndpointer(instances, func(address string) (kitendpoint.Endpoint, io.Closer, error) { return c.at(address), nil, nil }, log.NewNopLogger())
	c.shut = e.Close
	turns := lb.NewRoundRobin(e)
	c.next = func(ctx context.Context, work any) (any, error) {
		next, err := turns.Endpoint()
		if err != nil {
			return nil, err
		}
		return next(ctx, work)
	}
	return c, nil
}

// overGRPC calls by a connection to all.
type overGRPC struct{ *grpc.ClientConn }

func (c overGRPC) call(ctx context.Context, work time.Duration) error {
	return c.Invoke(ctx, workMethod, wrapperspb.Int64(int64(work)), new(emptypb.Empty))
}

func (c overGRPC) close() { c.Close() }

var plainGRPC = grpc.WithTransportCredentials(insecure.NewCredentials())

func viaGRPCEndpoint(probes int) func(*membership.View) (liveCaller, error) {
	return func(view *membership.View) (liveCaller, error) {
		conn, err := grpcendpoint.New(view, rpcService, balancer.LeastRequest(), grpcendpoint.Probes(probes), grpcendpoint.Dial(plainGRPC))
		return overGRPC{conn}, err
	}
}

func viaGRPC(registered string) func(*membership.View) (liveCaller, error) {
	return func(view *membership.View) (liveCaller, error) {
		var state resolver.State
		for _, address := range view.Snapshot().Addresses(rpcService) {
			state.Addresses = append(state.Addresses, resolver.Address{Addr: address})
		}
		fixed := manual.NewBuilderWithScheme("live")
		fixed.InitialState(state)
		conn, err := grpc.NewClient("live:///"+rpcService, plainGRPC, grpc.WithResolvers(fixed),
			grpc.WithDefaultServiceConfig(fmt.Sprintf(`{"loadBalancingConfig": [{%q: {}}]}`, registered)))
		return overGRPC{conn}, err
	}
}
