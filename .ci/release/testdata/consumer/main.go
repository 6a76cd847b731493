// Command consumer is a program of somebody else: it requires the released modules and nothing of the work tree. Two members
// meet, the first offers a service over HTTP and over gRPC, and the second calls both by name.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/bulkhead"
	kit "github.com/go-kit/kit/endpoint"
	"github.com/sony/gobreaker/v2"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/endpoint"
	"github.com/grapevine-go/grapevine/endpoint/failsafeendpoint"
	"github.com/grapevine-go/grapevine/endpoint/gobreakerendpoint"
	"github.com/grapevine-go/grapevine/endpoint/grpcendpoint"
	"github.com/grapevine-go/grapevine/membership"
)

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func run() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	secret := cluster.NewSecret()
	server, err := cluster.Start(ctx, cluster.Config{Name: "server", Bind: "127.0.0.1:0", Secret: secret})
	if err != nil {
		return err
	}
	defer server.Close()
	stop, err := serve(server)
	if err != nil {
		return err
	}
	defer stop()

	caller, err := cluster.Start(ctx, cluster.Config{
		Name: "caller", Bind: "127.0.0.1:0", Secret: secret, Join: []string{server.Address()},
	})
	if err != nil {
		return err
	}
	defer caller.Close()
	if err := caller.Ready(ctx); err != nil {
		return err
	}
	if err := callHTTP(ctx, caller.View()); err != nil {
		return err
	}
	return callGRPC(ctx, caller.View())
}

// serve offers "greeting" over HTTP and "health" over gRPC.
func serve(node *cluster.Node) (stop func(), err error) {
	web, err := offer(node, "greeting")
	if err != nil {
		return nil, err
	}
	rpc, err := offer(node, "health")
	if err != nil {
		return nil, err
	}
	webServer := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "hello")
	})}
	rpcServer := grpc.NewServer()
	grpc_health_v1.RegisterHealthServer(rpcServer, health.NewServer())
	go webServer.Serve(web)
	go rpcServer.Serve(rpc)
	return func() { webServer.Close(); rpcServer.Stop() }, nil
}

func offer(node *cluster.Node, name string) (net.Listener, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	_, err = node.Register(membership.Service{Name: name, Address: listener.Addr().String()})
	return listener, err
}

// callHTTP calls through the policies of failsafe-go and a breaker of gobreaker.
func callHTTP(ctx context.Context, view *membership.View) error {
	endpointer := endpoint.NewEndpointer(view, "greeting", get)
	defer endpointer.Close()
	call := kit.Chain(
		failsafeendpoint.Middleware(failsafe.With[any](bulkhead.New[any](10))),
		gobreakerendpoint.Middleware(gobreakerendpoint.New(gobreaker.Settings{Name: "greeting"})),
	)(endpoint.Retry(endpoint.NewBalancer(endpointer, balancer.LeastRequest())))
	answer, err := call(ctx, nil)
	fmt.Println("greeting:", answer)
	return err
}

func get(instance string) (endpoint.Endpoint, io.Closer, error) {
	return func(ctx context.Context, _ any) (any, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+instance, nil)
		if err != nil {
			return nil, err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return nil, err
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		return string(body), err
	}, nil, nil
}

func callGRPC(ctx context.Context, view *membership.View) error {
	conn, err := grpcendpoint.New(view, "health", balancer.LeastRequest(),
		grpcendpoint.Dial(grpc.WithTransportCredentials(insecure.NewCredentials())))
	if err != nil {
		return err
	}
	defer conn.Close()
	client := grpc_health_v1.NewHealthClient(conn)
	answer, err := client.Check(ctx, &grpc_health_v1.HealthCheckRequest{}, grpc.WaitForReady(true))
	fmt.Println("health:", answer.GetStatus())
	return err
}
