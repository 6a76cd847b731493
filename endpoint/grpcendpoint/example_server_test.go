package grpcendpoint_test

import (
	"context"
	"fmt"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/endpoint/grpcendpoint"
	"github.com/grapevine-go/grapevine/membership"
)

// A process that offers a gRPC service until it is told to end.
func ExampleServer() {
	ctx, cancel := context.WithCancel(context.Background())
	err := cluster.Run(ctx, cluster.Config{}, func(*cluster.Node) ([]cluster.Offer, error) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		server := grpc.NewServer()
		grpc_health_v1.RegisterHealthServer(server, health.NewServer())
		cancel() // a real process goes on until SIGTERM
		return []cluster.Offer{{
			Service:  membership.Service{Name: "pricing"},
			Listener: listener,
			Server:   grpcendpoint.Server(server),
		}}, nil
	})
	fmt.Println(err)
	// Output: <nil>
}
