package grpcendpoint

import (
	"context"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/peer"

	"github.com/grapevine-go/grapevine/endpoint/dnsendpoint"
	"github.com/grapevine-go/grapevine/membership"
)

// TestDNSTarget has gRPC's own client find two servers by DNS, without this module: it takes the addresses of A records, and
// one port for all.
func TestDNSTarget(t *testing.T) {
	store := membership.NewStore("me")
	hosts := []string{"127.0.0.2", "127.0.0.3"}
	first, err := net.Listen("tcp", hosts[0]+":0")
	if err != nil {
		t.Skipf("skipped: this system has one address of loopback: %v", err)
	}
	_, port, _ := net.SplitHostPort(first.Addr().String())
	second, err := net.Listen("tcp", net.JoinHostPort(hosts[1], port))
	if err != nil {
		t.Fatal(err)
	}
	for i, listener := range []net.Listener{first, second} {
		server := grpc.NewServer()
		grpc_health_v1.RegisterHealthServer(server, health.NewServer())
		var work sync.WaitGroup
		work.Go(func() { server.Serve(listener) })
		t.Cleanup(func() { server.Stop(); work.Wait() })
		name, boot := fmt.Sprintf("pricing-%d", i+1), membership.Boot{Number: 1, ID: uint64(i + 2)}
		store.Apply(membership.Heard{Record: membership.Record{Name: name, Boot: boot, Version: 1,
			Services: []membership.Service{{Name: "pricing", Address: listener.Addr().String()}}}}, membership.Up{Name: name, BootID: boot.ID})
	}
	answers, err := (&dnsendpoint.Config{Addresses: []string{":0"}, Zone: "prod.internal."}).Listen(store.View())
	if err != nil {
		t.Fatal(err)
	}
	var work sync.WaitGroup
	work.Go(func() { answers.Serve() })
	t.Cleanup(func() { answers.Shutdown(context.Background()); work.Wait() })

	conn, err := grpc.NewClient(fmt.Sprintf("dns://%s/pricing.service.prod.internal:%s", answers.Addr(), port),
		grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDefaultServiceConfig(`{"loadBalancingConfig":[{"round_robin":{}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	called := make(map[string]bool)
	for len(called) < len(hosts) {
		var at peer.Peer
		if _, err := grpc_health_v1.NewHealthClient(conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{}, grpc.Peer(&at), grpc.WaitForReady(true)); err != nil {
			t.Fatalf("called %v, then: %v", called, err)
		}
		host, _, _ := net.SplitHostPort(at.Addr.String())
		called[host] = true
	}
	for _, host := range hosts {
		if !called[host] {
			t.Errorf("called %v, want %v", called, hosts)
		}
	}
}
