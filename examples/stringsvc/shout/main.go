// Command shout is a Go kit service that calls another one, "stringsvc", by name: whatever it is told it repeats in
// capitals, with an exclamation mark.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"syscall"
	"time"

	kithttp "github.com/go-kit/kit/transport/http"
	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/endpoint"
	"github.com/grapevine-go/grapevine/membership"
)

func main() {
	config := cluster.Flags(flag.CommandLine)
	address := flag.String("http", "", "IP:port to serve HTTP on (default: a free port of the member's IP)")
	flag.Parse()
	log := zerolog.New(zerolog.ConsoleWriter{Out: os.Stderr, TimeFormat: time.TimeOnly}).
		Level(zerolog.InfoLevel).With().Timestamp().Logger()
	config.Logger = log
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *config, *address); err != nil {
		log.Fatal().Err(err).Msg("shout")
	}
}

func run(ctx context.Context, config cluster.Config, address string) error {
	node, err := cluster.Start(ctx, config)
	if err != nil {
		return err
	}
	defer node.Close()
	listener, err := listen(node, address)
	if err != nil {
		return err
	}

	endpointer := endpoint.NewEndpointer(node.View(), "stringsvc", uppercase, endpoint.WithLogger(config.Logger))
	defer endpointer.Close()
	call := endpoint.Retry(endpoint.NewBalancer(endpointer, balancer.LeastRequest()),
		endpoint.MaxAttempts(3), endpoint.PerTryTimeout(time.Second))

	mux := http.NewServeMux()
	mux.Handle("POST /shout", kithttp.NewServer(shout(call), decode, kithttp.EncodeJSONResponse))
	server := &http.Server{Handler: mux}
	go server.Serve(listener)
	if _, err := node.Register(membership.Service{Name: "shout", Address: listener.Addr().String()}); err != nil {
		return err
	}
	config.Logger.Info().Stringer("http", listener.Addr()).Str("gossip", node.Address()).Msg("serving")

	<-ctx.Done()
	shutdown, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	draining, drained := context.WithTimeout(shutdown, 5*time.Second) // one that hangs must not cost the calls in flight
	defer drained()
	for _, err := range []error{node.Drain(draining), server.Shutdown(shutdown), node.Leave(shutdown)} {
		if err != nil { // a peer that does not answer is no failure of this process
			config.Logger.Warn().Err(err).Msg("ending")
		}
	}
	return nil
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

// Both services are asked and answer in the same words.
type (
	question struct {
		S string `json:"s"`
	}
	answer struct {
		V   string `json:"v"`
		Err string `json:"err,omitempty"`
	}
)

func shout(uppercase endpoint.Endpoint) endpoint.Endpoint {
	return func(ctx context.Context, request any) (any, error) {
		response, err := uppercase(ctx, request)
		if err != nil {
			return nil, err
		}
		loud := response.(answer)
		if loud.Err == "" {
			loud.V += "!"
		}
		return loud, nil
	}
}

// uppercase is the factory: given the address of an instance of stringsvc, it makes the endpoint that calls it.
func uppercase(instance string) (endpoint.Endpoint, io.Closer, error) {
	target := &url.URL{Scheme: "http", Host: instance, Path: "/uppercase"}
	return kithttp.NewClient(http.MethodPost, target, kithttp.EncodeJSONRequest, decodeAnswer).Endpoint(), nil, nil
}

func decode(_ context.Context, r *http.Request) (any, error) {
	var decoded question
	err := json.NewDecoder(r.Body).Decode(&decoded)
	return decoded, err
}

func decodeAnswer(_ context.Context, r *http.Response) (any, error) {
	var decoded answer
	err := json.NewDecoder(r.Body).Decode(&decoded)
	return decoded, err
}
