package grpcendpoint

import (
	"context"
	"maps"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/test/bufconn"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/membership"
)

// town is a store in which each peer offers users at an address made of its name, and serves it over a network in memory.
type town struct {
	*membership.Store
	boots uint64

	mu        sync.Mutex
	listeners map[string]*bufconn.Listener // by address
	servers   map[string]*grpc.Server
	calls     map[string]int // by address
	health    *health.Server // of all
	evidence  []string       // address and what was reported of it
	answer    func(ctx context.Context, address string) error
	serving   []grpc.ServerOption
	register  func(*grpc.Server) // nil for none
	dials     atomic.Int64
}

// newTown has a server for each name, which end with the test.
func newTown(t *testing.T, names ...string) *town {
	town := &town{
		Store:     membership.NewStore("me"),
		listeners: make(map[string]*bufconn.Listener), servers: make(map[string]*grpc.Server), calls: make(map[string]int),
		health: health.NewServer(), answer: func(context.Context, string) error { return nil },
	}
	town.OnReport(func(i membership.Instance, evidence membership.Evidence) {
		town.mu.Lock()
		defer town.mu.Unlock()
		town.evidence = append(town.evidence, i.Address+" "+string(evidence))
	})
	town.Apply(membership.Heard{Record: membership.Record{Name: "me", Boot: membership.Boot{Number: 1, ID: 1}, Version: 1}})
	t.Cleanup(func() {
		for _, name := range slices.Collect(maps.Keys(town.servers)) {
			town.kill(name)
		}
	})
	for _, name := range names {
		town.join(name, membership.Service{})
	}
	return town
}

// join serves, and lists the service with what it says besides name and address.
func (town *town) join(name string, service membership.Service) {
	town.serve(name)
	town.boots++
	service.Name, service.Address = "users", name+":80"
	r := membership.Record{Name: name, Boot: membership.Boot{Number: town.boots, ID: town.boots}, Version: 1,
		Services: []membership.Service{service}}
	town.Apply(membership.Heard{Record: r}, membership.Up{Name: name, BootID: r.Boot.ID})
}

func (town *town) serve(name string) {
	address, listener := name+":80", bufconn.Listen(1<<16)
	server := grpc.NewServer(append(town.serving, grpc.WaitForHandlers(true), grpc.UnaryInterceptor(
		func(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
			town.mu.Lock()
			town.calls[address]++
			town.mu.Unlock()
			if err := town.answer(ctx, address); err != nil {
				return nil, err
			}
			return handler(ctx, request)
		}))...)
	grpc_health_v1.RegisterHealthServer(server, town.health)
	if town.register != nil {
		town.register(server)
	}
	town.mu.Lock()
	town.listeners[address], town.servers[name] = listener, server
	town.mu.Unlock()
	go server.Serve(listener)
}

// kill ends a server and its connections; its member stays listed.
func (town *town) kill(name string) {
	town.mu.Lock()
	server, listener := town.servers[name], town.listeners[name+":80"]
	delete(town.servers, name)
	delete(town.listeners, name+":80")
	town.mu.Unlock()
	listener.Close()
	server.Stop()
}

// edit lets the owner of a record change it.
func (town *town) edit(name string, change func(*membership.Record)) {
	r, _ := town.Record(name)
	r = r.Clone()
	r.Version++
	change(&r)
	town.Apply(membership.Heard{Record: r})
}

func (town *town) dial(ctx context.Context, address string) (net.Conn, error) {
	town.dials.Add(1)
	town.mu.Lock()
	listener := town.listeners[address]
	town.mu.Unlock()
	if listener == nil {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	return listener.DialContext(ctx)
}

// client is closed at the end of the test.
func (town *town) client(t *testing.T, policy balancer.Policy, options ...Option) grpc_health_v1.HealthClient {
	t.Helper()
	return grpc_health_v1.NewHealthClient(town.connect(t, policy, options...))
}

// connect is closed at the end of the test.
func (town *town) connect(t *testing.T, policy balancer.Policy, options ...Option) *grpc.ClientConn {
	t.Helper()
	plain := Dial(grpc.WithContextDialer(town.dial), grpc.WithTransportCredentials(insecure.NewCredentials()))
	options = append([]Option{plain}, options...)
	conn, err := New(town.View(), "users", policy, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// call makes one RPC, which waits until there is somebody to call.
func call(t *testing.T, c grpc_health_v1.HealthClient) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	_, err := c.Check(ctx, &grpc_health_v1.HealthCheckRequest{}, grpc.WaitForReady(true))
	return err
}

// called makes n RPCs, which must not fail, and says who got how many.
func (town *town) called(t *testing.T, c grpc_health_v1.HealthClient, n int) map[string]int {
	t.Helper()
	town.clear()
	for range n {
		if err := call(t, c); err != nil {
			t.Fatal(err)
		}
	}
	return town.counts()
}

func (town *town) counts() map[string]int {
	town.mu.Lock()
	defer town.mu.Unlock()
	return maps.Clone(town.calls)
}

// clear forgets the calls so far.
func (town *town) clear() {
	town.mu.Lock()
	defer town.mu.Unlock()
	clear(town.calls)
}

// reported returns what the node was told since it was called last.
func (town *town) reported() []string {
	town.mu.Lock()
	defer town.mu.Unlock()
	evidence := town.evidence
	town.evidence = nil
	return evidence
}
