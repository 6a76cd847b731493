package grpcendpoint_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/endpoint"
	"github.com/grapevine-go/grapevine/endpoint/grpcendpoint"
	"github.com/grapevine-go/grapevine/membership"
)

// unknown is a service that knows of nothing.
type unknown struct{ grpc_health_v1.HealthServer }

func (unknown) Check(ctx context.Context, request *grpc_health_v1.HealthCheckRequest) (
	*grpc_health_v1.HealthCheckResponse, error) {
	return nil, endpoint.NewProblem(endpoint.ErrNotFound, "request %s: there is no %s",
		endpoint.RequestID(ctx), request.Service)
}

// serve runs a server until the end of the example, and returns the view of a node that knows it.
func serve(server *grpc.Server) (*membership.View, func()) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go server.Serve(listener)
	store := membership.NewStore("frontend-1")
	record := membership.Record{
		Name: "pricing-1", Boot: membership.Boot{Number: 1, ID: 7}, Version: 1,
		Services: []membership.Service{{Name: "pricing", Address: listener.Addr().String()}},
	}
	store.Apply(membership.Heard{Record: record}, membership.Up{Name: record.Name, BootID: record.Boot.ID})
	return store.View(), server.Stop
}

// With the interceptors on both sides errors keep their kind, and calls the ID of the request that
// they are made for.
func ExampleUnaryServerInterceptor() {
	server := grpc.NewServer(
		grpc.ChainUnaryInterceptor(grpcendpoint.UnaryServerInterceptor),
		grpc.ChainStreamInterceptor(grpcendpoint.StreamServerInterceptor))
	grpc_health_v1.RegisterHealthServer(server, unknown{})
	view, stop := serve(server)
	defer stop()

	conn, err := grpcendpoint.New(view, "pricing", balancer.LeastRequest(), grpcendpoint.Dial(
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithChainUnaryInterceptor(grpcendpoint.UnaryClientInterceptor),
		grpc.WithChainStreamInterceptor(grpcendpoint.StreamClientInterceptor)))
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()

	ctx := endpoint.WithRequestID(context.Background(), "7b44")
	_, err = grpc_health_v1.NewHealthClient(conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: "gold"})
	fmt.Println(errors.Is(err, endpoint.ErrNotFound))
	fmt.Println(err)
	// Output:
	// true
	// not found: request 7b44: there is no gold
}

// The errors of a stream are decoded where they arrive, as here by its first Recv.
func ExampleStreamClientInterceptor() {
	server := grpc.NewServer(grpc.ChainStreamInterceptor(grpcendpoint.StreamServerInterceptor))
	grpc_health_v1.RegisterHealthServer(server, new(grpc_health_v1.UnimplementedHealthServer))
	view, stop := serve(server)
	defer stop()

	conn, err := grpcendpoint.New(view, "pricing", balancer.LeastRequest(), grpcendpoint.Dial(
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithChainStreamInterceptor(grpcendpoint.StreamClientInterceptor)))
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()

	stream, err := grpc_health_v1.NewHealthClient(conn).Watch(context.Background(), &grpc_health_v1.HealthCheckRequest{})
	if err == nil {
		_, err = stream.Recv()
	}
	fmt.Println(errors.Is(err, endpoint.ErrInternal), status.Code(err))
	// Output: true Unimplemented
}

// Without interceptors the two functions stand at the end of a method, and after a call.
func ExampleEncodeError() {
	shipped := endpoint.NewProblem(endpoint.ErrConflict, "it is shipped")
	fmt.Println(grpcendpoint.EncodeError(fmt.Errorf("get order: %w", shipped)))
	fmt.Println(grpcendpoint.EncodeError(errors.New("connect to 10.0.0.7:5432: refused")))
	// Output:
	// rpc error: code = Aborted desc = it is shipped
	// rpc error: code = Internal desc = internal
}

func ExampleDecodeError() {
	err := grpcendpoint.DecodeError(status.Error(codes.AlreadyExists, "order 7 exists"))
	fmt.Println(err)
	fmt.Println(errors.Is(err, endpoint.ErrConflict), status.Code(err))
	// Output:
	// conflict: order 7 exists
	// true AlreadyExists
}

// A server counts what it is serving, for callers that go by it.
func ExampleCount() {
	gauge := new(membership.Gauge) // gauge.InFlight is what cluster.Offer and ReportLoad of cluster.Node take
	server := grpc.NewServer(grpc.StatsHandler(grpcendpoint.Count(gauge)))
	grpc_health_v1.RegisterHealthServer(server, health.NewServer())
	server.Stop() // a real process serves
	fmt.Println(gauge.InFlight())
	// Output: 0
}
