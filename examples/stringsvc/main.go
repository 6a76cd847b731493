// Command stringsvc is Go kit's string service, found by name: endpoints, a logging middleware and an HTTP transport,
// registered as "stringsvc". The command shout, in the folder beside this file, calls it.
//
//	go run ./examples/stringsvc -gossip.bind 127.0.0.1:7946
//	go run ./examples/stringsvc/shout -http 127.0.0.1:8080 -gossip.join 127.0.0.1:7946
//	curl -d '{"s":"hello"}' http://127.0.0.1:8080/shout
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	kithttp "github.com/go-kit/kit/transport/http"
	"github.com/rs/zerolog"

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
	if err := run(ctx, *config, *address, log); err != nil {
		log.Fatal().Err(err).Msg("stringsvc")
	}
}

func run(ctx context.Context, config cluster.Config, address string, log zerolog.Logger) error {
	node, err := cluster.Start(ctx, config)
	if err != nil {
		return err
	}
	defer node.Close()
	listener, err := listen(node, address)
	if err != nil {
		return err
	}
	var load membership.Gauge // of requests in flight: callers prefer the less busy
	server := &http.Server{Handler: endpoint.CountHTTP(&load)(handler(log))}
	go server.Serve(listener)
	if err := node.ReportLoad("stringsvc", load.InFlight); err != nil {
		return err
	}

	registrar := endpoint.NewRegistrar(node, membership.Service{
		Name:    "stringsvc",
		Address: listener.Addr().String(),
	}, endpoint.KitLogger(log))
	registrar.Register()
	log.Info().Stringer("http", listener.Addr()).Str("gossip", node.Address()).Msg("serving")

	<-ctx.Done()
	shutdown, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	draining, drained := context.WithTimeout(shutdown, 5*time.Second) // one that hangs must not cost the calls in flight
	defer drained()
	for _, err := range []error{
		node.Drain(draining),      // everybody knows that this instance takes no new calls
		server.Shutdown(shutdown), // finish what is in flight
		node.Leave(shutdown),
	} {
		if err != nil { // a peer that does not answer is no failure of this process
			log.Warn().Err(err).Msg("ending")
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

// handler is the HTTP transport: a path for each endpoint.
func handler(log zerolog.Logger) http.Handler {
	service := stringService{}
	logged := logging(endpoint.KitLogger(log))
	mux := http.NewServeMux()
	mux.Handle("POST /uppercase", kithttp.NewServer(logged("uppercase")(makeUppercase(service)), decode, kithttp.EncodeJSONResponse))
	mux.Handle("POST /count", kithttp.NewServer(logged("count")(makeCount(service)), decode, kithttp.EncodeJSONResponse))
	return mux
}
