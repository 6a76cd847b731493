//go:build unix

package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	kithttp "github.com/go-kit/kit/transport/http"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/endpoint"
	"github.com/grapevine-go/grapevine/membership"
)

// A child is this same program with these variables set. It serves "work" on a port of its own, and ends on SIGTERM,
// or when its standard input ends because its parent is gone.
const (
	childName   = "GRAPEVINE_DEMO_CHILD"
	childJoin   = "GRAPEVINE_DEMO_JOIN"
	childSecret = "GRAPEVINE_DEMO_SECRET"

	service       = "work"
	shutdownLimit = 10 * time.Second
	drainLimit    = 5 * time.Second      // of these
	meanWork      = 2 * time.Millisecond // of a call, exponentially distributed
)

// secret is that of the demo's cluster: the parent makes it.
var secret = cmp.Or(os.Getenv(childSecret), cluster.NewSecret())

// hello is the line that a child writes once it serves.
type hello struct {
	Address string `json:"address"`
}

// view is what a child says of its view.
type view struct {
	Addresses []string `json:"addresses"` // to call
	Members   int      `json:"members"`   // that are listed
}

// answer is what a call gets back.
type answer struct {
	Name string `json:"name"`
}

func childRequested() bool { return os.Getenv(childName) != "" }

func runChild() {
	signal.Ignore(os.Interrupt) // of a terminal: the parent ends its children
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(1) // the parent is gone
	}()
	if err := serveChild(ctx, os.Getenv(childName), os.Getenv(childJoin)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serveChild(ctx context.Context, name, join string) error {
	node, err := cluster.Start(ctx, cluster.Config{Name: name, Join: []string{join}, Secret: secret})
	if err != nil {
		return err
	}
	defer node.Close()
	ip, _, err := net.SplitHostPort(node.Address())
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(ip, "0"))
	if err != nil {
		return err
	}

	var load membership.Gauge
	mux := http.NewServeMux()
	mux.Handle("POST /work", kithttp.NewServer(endpoint.Count(&load)(work(name)), kithttp.NopRequestDecoder, kithttp.EncodeJSONResponse))
	mux.HandleFunc("GET /view", func(w http.ResponseWriter, _ *http.Request) {
		snapshot := node.View().Snapshot()
		json.NewEncoder(w).Encode(view{snapshot.Addresses(service), len(snapshot.Members())})
	})
	server := &http.Server{Handler: mux}
	go server.Serve(listener)

	address := listener.Addr().String()
	if err := node.ReportLoad(service, load.InFlight); err != nil {
		return err
	}
	if _, err := node.Register(membership.Service{Name: service, Address: address}); err != nil {
		return err
	}
	if err := json.NewEncoder(os.Stdout).Encode(hello{address}); err != nil {
		return err
	}

	<-ctx.Done()
	shutdown, cancel := context.WithTimeout(context.Background(), shutdownLimit)
	defer cancel()
	draining, drained := context.WithTimeout(shutdown, drainLimit)
	defer drained()
	return errors.Join(node.Drain(draining), server.Shutdown(shutdown), node.Leave(shutdown))
}

// work takes as long as something real might.
func work(name string) endpoint.Endpoint {
	return func(ctx context.Context, _ any) (any, error) {
		select {
		case <-time.After(time.Duration(rand.ExpFloat64() * float64(meanWork))):
			return answer{name}, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
