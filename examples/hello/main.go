// Command hello serves the service "hello" and calls it by name once a second. Run it in two terminals:
//
//	go run ./examples/hello -gossip.name alice -gossip.bind 127.0.0.1:7946
//	go run ./examples/hello -gossip.name bob -gossip.join 127.0.0.1:7946
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/endpoint"
	"github.com/grapevine-go/grapevine/membership"
)

func main() {
	config := cluster.Flags(flag.CommandLine)
	address := flag.String("http", "", "IP:port to serve HTTP on (default: a free port of the member's IP)")
	flag.Parse()
	if err := run(*config, *address); err != nil {
		fmt.Fprintln(os.Stderr, "hello:", err)
		os.Exit(1)
	}
}

func run(config cluster.Config, address string) error {
	ctx, cancel := context.WithCancel(context.Background())
	var calls sync.WaitGroup
	defer calls.Wait()
	defer cancel()
	return cluster.Run(ctx, config, func(node *cluster.Node) ([]cluster.Offer, error) {
		listener, err := listen(node, address)
		if err != nil {
			return nil, err
		}
		fmt.Printf("%s serves http://%s and gossips at %s\n", node.Name(), listener.Addr(), node.Address())
		calls.Go(func() { call(ctx, node.View()) })
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, "hello from %s", node.Name())
		})}
		return []cluster.Offer{{Service: membership.Service{Name: "hello"}, Listener: listener, Server: server}}, nil
	})
}

// listen binds to address, by default to a free port of the IP under which the others reach this member.
func listen(node *cluster.Node, address string) (net.Listener, error) {
	if address == "" {
		ip, _, err := net.SplitHostPort(node.Address())
		if err != nil {
			return nil, err
		}
		address = net.JoinHostPort(ip, "0")
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("-http: %w", err)
	}
	return listener, nil
}

// call calls the service once a second, until ctx is done.
func call(ctx context.Context, view *membership.View) {
	endpointer := endpoint.NewEndpointer(view, "hello", get)
	defer endpointer.Close()
	hello := endpoint.Retry(endpoint.NewBalancer(endpointer, balancer.RoundRobin()))
	for tick := time.Tick(time.Second); ctx.Err() == nil; {
		select {
		case <-tick:
			if answer, err := hello(ctx, nil); err == nil {
				fmt.Println(answer)
			} else {
				fmt.Println("no answer:", err)
			}
		case <-ctx.Done():
		}
	}
	fmt.Println("goodbye")
}

// get is the factory: given the address of an instance, it makes the endpoint that calls it.
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
