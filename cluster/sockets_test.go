package cluster_test

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/grapevine-go/grapevine/cluster"
)

// The tests in this file use the sockets of this host, and real time.

// patience bounds what happens at once unless the host is very busy.
const patience = 30 * time.Second

func start(t *testing.T, config cluster.Config) *cluster.Node {
	t.Helper()
	node, err := cluster.Start(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { node.Close() })
	return node
}

// await waits until the view of each node is right.
func await(t *testing.T, right condition, nodes ...*cluster.Node) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for _, node := range nodes {
		for snapshot := range node.View().Follow(ctx) {
			if right(snapshot) {
				break
			}
		}
	}
	if ctx.Err() != nil {
		t.Fatalf("a view is not right after %v", patience)
	}
}

// noLeaks waits for goroutines to end: a probe of memberlist's takes some seconds to notice that it is over.
func noLeaks(t *testing.T, before goleak.Option) {
	t.Helper()
	var err error
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		if err = goleak.Find(before); err == nil {
			return
		}
	}
	t.Error(err)
}

func TestStartAndCloseManyTimes(t *testing.T) {
	defer noLeaks(t, goleak.IgnoreCurrent())
	for range 50 {
		node := start(t, cluster.Config{})
		if err := node.Close(); err != nil {
			t.Fatal(err)
		}
		free(t, node.Address())
	}
}

// free says that the port of address can be bound, for TCP and UDP.
func free(t *testing.T, address string) {
	t.Helper()
	tcp, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatalf("after Close: %v", err)
	}
	tcp.Close()
	udp, err := net.ListenPacket("udp", address)
	if err != nil {
		t.Fatalf("after Close: %v", err)
	}
	udp.Close()
}

func TestCloseWithPeers(t *testing.T) {
	defer noLeaks(t, goleak.IgnoreCurrent())
	first := start(t, cluster.Config{Name: "m1"})
	second := start(t, cluster.Config{Name: "m2", Join: []string{first.Address()}})
	await(t, members(2), first, second)
	for _, node := range []*cluster.Node{second, first} {
		node.Close()
		free(t, node.Address())
	}
}

func TestFault37_WrongSecretOnSockets(t *testing.T) {
	secret := cluster.NewSecret()
	first := start(t, cluster.Config{Name: "m1", Cluster: "c", Secret: secret})
	join := []string{first.Address()}
	second := start(t, cluster.Config{Name: "m2", Cluster: "c", Secret: secret, Join: join})
	third := start(t, cluster.Config{Name: "m3", Cluster: "c", Secret: secret, Join: join})
	await(t, members(3), first, second, third)

	stranger := start(t, cluster.Config{Name: "m4", Cluster: "c", Secret: cluster.NewSecret(), Join: join})
	for tried := false; !tried; { // until it has met the others once and was turned away
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		err := stranger.Ready(ctx)
		cancel()
		if err == nil {
			t.Fatal("the stranger is ready")
		}
		tried = strings.Contains(err.Error(), "the last attempt to join")
	}
	for _, node := range []*cluster.Node{first, second, third} {
		if snapshot := node.View().Snapshot(); !members(3)(snapshot) || !lacks("m4")(snapshot) {
			t.Errorf("%s sees %d members", node.Name(), len(snapshot.Members()))
		}
	}
	if seen := len(stranger.View().Snapshot().Members()); seen != 1 {
		t.Errorf("the stranger sees %d members", seen)
	}
}

func TestSeedByHostName(t *testing.T) {
	if _, err := net.DefaultResolver.LookupNetIP(t.Context(), "ip4", "localhost"); err != nil {
		t.Skipf("skipped: this host has no localhost: %v", err)
	}
	first := start(t, cluster.Config{Name: "m1"})
	_, port, _ := net.SplitHostPort(first.Address())
	second := start(t, cluster.Config{Name: "m2", Join: []string{net.JoinHostPort("localhost", port)}})
	await(t, members(2), first, second)
}

func TestUnknownHostName(t *testing.T) {
	node := start(t, cluster.Config{Name: "m1", Join: []string{"no-such-host.invalid:7946"}})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := node.Ready(ctx); err == nil {
		t.Error("a node is ready whose only seed does not exist")
	}
}
