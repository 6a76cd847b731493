package main

import (
	"context"
	"encoding/base64"
	"errors"
	"net/netip"
	"sync"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/membership"
)

// grapevine is this module's. Without a secret nothing is sealed.
type grapevine struct {
	secret    []byte
	unwatched bool // nobody keeps connections to neighbours
}

const clusterName = "bench"

var loopback = netip.MustParseAddrPort("127.0.0.1:0")

func listen() (network, error) { return transport.Listen(loopback, loopback, zerolog.Nop()) }

// grapevineMember follows the view of its node.
type grapevineMember struct {
	*counter
	tally
	node *cluster.Node
	stop context.CancelFunc
	work sync.WaitGroup
}

func (g grapevine) start(name string, seeds []string, changed watcher) (member, error) {
	sockets, err := listen()
	if err != nil {
		return nil, err
	}
	c := newCounter(sockets)
	config := cluster.Config{Name: name, Cluster: clusterName, Join: seeds,
		Secret: base64.StdEncoding.EncodeToString(g.secret), Insecure: g.secret == nil, Transport: c}
	if g.unwatched {
		config.Neighbours = -1
	}
	node, err := cluster.Start(context.Background(), config)
	if err != nil {
		c.Shutdown()
		return nil, err
	}
	m := &grapevineMember{counter: c, node: node}
	ctx, cancel := context.WithCancel(context.Background())
	m.stop = cancel
	m.work.Go(func() { m.follow(ctx, node.View(), changed) })
	return m, nil
}

// follow tells of each change, and counts members that leave the view. It would miss one that is back before it was woken.
func (t *tally) follow(ctx context.Context, view *membership.View, changed watcher) {
	before := view.Snapshot()
	for now := range view.Follow(ctx) {
		changed(func(awaited news) bool { return holds(now, awaited) })
		for _, listed := range before.Members() {
			if _, ok := now.Member(listed.Name); !ok {
				t.lost(listed.Name)
			}
		}
		before = now
	}
}

func holds(now *membership.Snapshot, awaited news) bool {
	m, ok := now.Member(awaited.member)
	if !ok {
		return awaited.lost(awaited.member)
	}
	if awaited.spared && m.Suspected {
		return awaited.lost(m.Name)
	}
	var services []string
	for _, s := range m.Services {
		services = append(services, s.Name)
	}
	return awaited.toldBy(m.Name, m.Address, services...)
}

func (m *grapevineMember) registration(service string) (func() error, error) {
	return func() error {
		_, err := m.node.Register(membership.Service{Name: service, Address: "127.0.0.1:80"})
		return err
	}, nil
}

func (m *grapevineMember) address() string { return m.node.Address() }
func (m *grapevineMember) listed() int     { return len(m.node.View().Snapshot().Members()) }
func (m *grapevineMember) helpers() int    { return 2 } // follow, and the counter's pass

// leave is over once all have confirmed; whom it did not reach, the lookout tells.
func (m *grapevineMember) leave() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	err := m.node.Leave(ctx)
	if _, unconfirmed := errors.AsType[*cluster.UnconfirmedError](err); unconfirmed {
		return nil
	}
	return err
}

func (m *grapevineMember) close() error {
	m.stop()
	m.work.Wait()
	return m.node.Close()
}

const benchKind transport.Kind = 1

// transport makes one that runs.
func (g grapevine) transport(self string, n network, handler transport.Handler) (*transport.Transport, error) {
	c := transport.Config{Network: n, Self: self, Cluster: clusterName,
		Versions: transport.Versions{Oldest: membership.OldestWireVersion, Newest: membership.WireVersion}}
	if g.secret != nil {
		keyring, err := transport.NewKeyring(g.secret)
		if err != nil {
			return nil, err
		}
		c.Identity = keyring
	}
	t, err := transport.New(c)
	if err != nil {
		return nil, err
	}
	t.Handle(benchKind, mostUnhandled, handler)
	t.Start()
	return t, nil
}

// listen makes a transport on loopback.
func (g grapevine) listen(self string, wrap func(network) network, handler transport.Handler) (*transport.Transport, error) {
	sockets, err := listen()
	if err != nil {
		return nil, err
	}
	t, err := g.transport(self, wrap(sockets), handler)
	if err != nil {
		sockets.Shutdown()
	}
	return t, err
}
