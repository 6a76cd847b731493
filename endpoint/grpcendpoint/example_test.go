package grpcendpoint_test

import (
	"context"
	"fmt"
	"log"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/endpoint/grpcendpoint"
	"github.com/grapevine-go/grapevine/membership"
)

// One process offers a gRPC service and calls it by name; usually these are two.
func ExampleNew() {
	ctx := context.Background()
	node, err := cluster.Start(ctx, cluster.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer node.Close()

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer()
	grpc_health_v1.RegisterHealthServer(server, health.NewServer())
	go server.Serve(listener)
	defer server.Stop()
	if _, err := node.Register(membership.Service{Name: "pricing", Address: listener.Addr().String()}); err != nil {
		log.Fatal(err)
	}

	conn, err := grpcendpoint.New(node.View(), "pricing", balancer.LeastRequest(),
		grpcendpoint.Dial(grpc.WithTransportCredentials(insecure.NewCredentials())))
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	answer, err := grpc_health_v1.NewHealthClient(conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{}, grpc.WaitForReady(true))
	fmt.Println(answer.GetStatus(), err)
	// Output: SERVING <nil>
}
