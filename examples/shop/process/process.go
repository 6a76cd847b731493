// Package process is the life of a process of the shop: its flags, its logs, its member of the
// cluster, and its end. A main calls Main with the service that it is for.
package process

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/time/rate"
	"google.golang.org/grpc"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/endpoint"
	"github.com/grapevine-go/grapevine/endpoint/grpcendpoint"
	"github.com/grapevine-go/grapevine/examples/shop/auth"
	"github.com/grapevine-go/grapevine/examples/shop/guard"
	"github.com/grapevine-go/grapevine/membership"
)

const (
	headerTimeout = 5 * time.Second  // a client that sends its header slower is cut off
	readTimeout   = 10 * time.Second // the same for header and body
	idleTimeout   = 2 * time.Minute  // longer than that of clients, which are then the first to close
)

// Service is a kind of process.
type Service struct {
	Name  string
	Flags func(*flag.FlagSet)                   // of its own; nil means none
	Build func(*Process) (cluster.Offer, error) // makes what it offers
}

// Process is what Build gets.
type Process struct {
	Node    *cluster.Node
	Guard   guard.Guard
	address string // to listen on
	closed  []func()
}

// OnEnd has f run when the process ends, after its servers: the last one first.
func (p *Process) OnEnd(f func()) { p.closed = append(p.closed, f) }

func (p *Process) close() {
	for i := len(p.closed) - 1; i >= 0; i-- {
		p.closed[i]()
	}
}

// Main runs a process of service with the flags args, and ends the program: with status 1 after an
// error.
func Main(service Service, args []string) {
	if err := Run(context.Background(), service, args, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) { // the flags have printed it
			fmt.Fprintf(os.Stderr, "%s: %v\n", service.Name, err)
		}
		os.Exit(1)
	}
	os.Exit(0)
}

// Run runs a process of service until ctx is done or a signal arrives, see cluster.Run. The logs go
// to log.
func Run(ctx context.Context, service Service, args []string, log io.Writer, options ...cluster.RunOption) error {
	flags := flag.NewFlagSet(service.Name, flag.ContinueOnError)
	flags.SetOutput(log)
	config := cluster.Flags(flags)
	address := flags.String("listen", "", "IP:port to serve on (default: a free port of the member's IP)")
	keyFile := flags.String("keys", "", "file of the public keys that check tokens, in PEM form")
	limit := flags.Float64("limit", 1000, "requests a second that are served; more are refused")
	if service.Flags != nil {
		service.Flags(flags)
	}
	if err := flags.Parse(args); err != nil {
		return err
	}
	if !(*limit > 0) {
		return fmt.Errorf("-limit %v: no request would be served: use a number above 0", *limit)
	}
	text, err := os.ReadFile(*keyFile)
	if err != nil {
		return fmt.Errorf("-keys: %w: make a key with cmd/token", err)
	}
	keys, err := auth.ParseKeys(text)
	if err != nil {
		return fmt.Errorf("-keys: %w", err)
	}
	p := &Process{
		Guard:   guard.Guard{Keys: keys, Limit: rate.NewLimiter(rate.Limit(*limit), max(int(*limit), 1))},
		address: *address,
	}
	defer p.close()
	config.Logger = zerolog.New(log).Level(zerolog.InfoLevel).With().Timestamp().Str("service", service.Name).Logger()
	return cluster.Run(ctx, *config, func(node *cluster.Node) ([]cluster.Offer, error) {
		p.Node = node
		p.Guard.Logger = config.Logger.With().Str("process", node.Name()).Logger()
		if err := node.Ready(node.Context()); err != nil { // knows the services that it calls
			return nil, err
		}
		offer, err := service.Build(p)
		if err != nil {
			return nil, err
		}
		offer.Service = membership.Service{Name: service.Name}
		p.Guard.Logger.Info().Stringer("address", offer.Listener.Addr()).Str("gossip", node.Address()).Msg("serving")
		return []cluster.Offer{offer}, nil
	}, options...)
}

// HTTP offers handler on the address of -listen.
func (p *Process) HTTP(handler http.Handler) (cluster.Offer, error) {
	load := new(membership.Gauge)
	listener, err := p.listen()
	return cluster.Offer{Listener: listener, Server: newServer(endpoint.CountHTTP(load)(handler)), InFlight: load.InFlight}, err
}

func newServer(handler http.Handler) *http.Server {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, IdleTimeout: idleTimeout,
	}
	closeUnused(server)
	return server
}

// GRPC offers the server that build makes, on the address of -listen.
func (p *Process) GRPC(build func(...grpc.ServerOption) *grpc.Server) (cluster.Offer, error) {
	load := new(membership.Gauge)
	server := grpcendpoint.Server(build(grpc.StatsHandler(grpcendpoint.Count(load))))
	listener, err := p.listen()
	return cluster.Offer{Listener: listener, Server: server, InFlight: load.InFlight}, err
}

func (p *Process) listen() (net.Listener, error) {
	address := p.address
	if address == "" {
		ip, _, err := net.SplitHostPort(p.Node.Address())
		if err != nil {
			return nil, err
		}
		address = net.JoinHostPort(ip, "0")
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("-listen: %w", err)
	}
	return listener, nil
}
