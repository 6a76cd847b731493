package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/examples/shop/auth"
	"github.com/grapevine-go/grapevine/examples/shop/catalog"
	"github.com/grapevine-go/grapevine/examples/shop/orders"
	"github.com/grapevine-go/grapevine/examples/shop/orders/sqlite"
	"github.com/grapevine-go/grapevine/examples/shop/pricing"
	"github.com/grapevine-go/grapevine/examples/shop/process"
)

// TestMain is also the main of the processes that a show starts.
func TestMain(m *testing.M) {
	serve(os.Args[1:])
	os.Exit(m.Run())
}

// town is one process each of the services, all within the test, and a client of orders.
type town struct {
	fleet  *fleet
	client *orders.Client
	tokens tokens
	log    *log
}

type openStore = func(ctx context.Context, path string) (orders.Store, func(), error)

// log is written by all services.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// lines returns the lines that contain all parts.
func (l *log) lines(parts ...string) (found []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
next:
	for line := range strings.Lines(l.text.String()) {
		for _, part := range parts {
			if !strings.Contains(line, part) {
				continue next
			}
		}
		found = append(found, line)
	}
	return found
}

// newTown starts the services; catalog and pricing answer with products and prices.
func newTown(t *testing.T, products catalog.Service, prices pricing.Service) *town {
	t.Helper()
	return newTownWith(t, sqlite.OpenStore, products, prices)
}

// newTownWith is newTown with a store of the test's own.
func newTownWith(t *testing.T, open openStore, products catalog.Service, prices pricing.Service) *town {
	t.Helper()
	f, err := newFleet(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.close)
	tw := &town{fleet: f, log: new(log)}
	if tw.tokens, err = newTokens(f.issuer); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var work sync.WaitGroup
	t.Cleanup(work.Wait)
	t.Cleanup(cancel)
	for _, service := range []process.Service{catalog.Process(products), pricing.Process(prices), orders.Process(open)} {
		args := []string{
			"-gossip.name", service.Name + "-1", "-gossip.cluster", clusterName, "-gossip.join", f.node.Address(),
			"-gossip.secret-file", f.path("secret.txt"), "-keys", f.path("keys.pem"),
		}
		if service.Name == orders.Name {
			args = append(args, "-db", filepath.Join(f.dir, "orders.db"))
		}
		work.Go(func() {
			err := process.Run(ctx, service, args, tw.log, cluster.Signals())
			if err != nil {
				t.Error(err)
			}
		})
		if err := f.await(t.Context(), service.Name+"-1", true); err != nil {
			t.Fatal(err)
		}
	}
	tw.client = orders.NewClient(f.node.View(), zerolog.Nop(), nil)
	t.Cleanup(tw.client.Close)
	return tw
}

// ann is a context with a token of ann.
func (tw *town) ann(ctx context.Context) context.Context {
	return auth.WithToken(ctx, tw.tokens.valid["ann"])
}

func cart(skus ...string) (c orders.Cart) {
	for _, sku := range skus {
		c.Lines = append(c.Lines, line(sku, 1))
	}
	return c
}
