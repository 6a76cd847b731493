// Command hello serves the service "hello" and calls it by name once a second. Run it in two terminals:
//
//	go run ./examples/hello -gossip.name alice -gossip.bind 127.0.0.1:7946
//	go run ./examples/hello -gossip.name bob -gossip.join 127.0.0.1:7946
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/endpoint"
	"github.com/grapevine-go/grapevine/membership"
)

func main() {
	config := cluster.Flags(flag.CommandLine)
	address := flag.String("http", "127.0.0.1:0", "IP:port to serve HTTP on")
	flag.Parse()
	config.Logger = zerolog.New(zerolog.ConsoleWriter{Out: os.Stderr, TimeFormat: time.TimeOnly}).
		Level(zerolog.WarnLevel).With().Timestamp().Logger()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *config, *address); err != nil {
		fmt.Fprintln(os.Stderr, "hello:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, config cluster.Config, address string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	node, err := cluster.Start(ctx, config)
	if err != nil {
		return err
	}
	defer node.Close()

	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "hello from %s", node.Name())
	})}
	go server.Serve(listener)
	fmt.Printf("%s serves http://%s and gossips at %s\n", node.Name(), listener.Addr(), node.Address())
	if _, err := node.Register(membership.Service{Name: "hello", Address: listener.Addr().String()}); err != nil {
		return err
	}

	endpointer := endpoint.NewEndpointer(node.View(), "hello", get)
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
	shutdown, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	draining, drained := context.WithTimeout(shutdown, 5*time.Second) // one that hangs must not cost the calls in flight
	defer drained()
	return errors.Join(node.Drain(draining), server.Shutdown(shutdown), node.Leave(shutdown))
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
