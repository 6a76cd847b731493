package cluster_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/membership"
	"github.com/grapevine-go/grapevine/testcluster"
)

// atLoopback are addresses that mean another host wherever they are dialled.
var atLoopback = map[string]string{
	"IPv4":               "127.0.0.1:80",
	"IPv4, another":      "127.7.7.7:80",
	"IPv6":               "[::1]:80",
	"IPv4 in IPv6":       "[::ffff:127.0.0.1]:80",
	"with a zone":        "[::1%lo]:80",
	"IPv4, short":        "127.1:80",
	"IPv4 as a number":   "2130706433:80",
	"IPv4, hexadecimal":  "0x7f.0.0.1:80",
	"IPv4, octal":        "0177.1:80",
	"wildcard, short":    "0:80",
	"name":               "localhost:80",
	"name in capitals":   "LocalHost:80",
	"name in full":       "localhost.:80",
	"name below":         "users.localhost:80",
	"name with a domain": "localhost.localdomain:80",
	"name of IPv6":       "ip6-localhost:80",
}

// wantLoopbackRefused expects an error that names the service, its address, the member's address and the remedy.
func wantLoopbackRefused(t *testing.T, err error, m *cluster.Node, address string) {
	t.Helper()
	wantFieldError(t, err, `address of service "users"`, address)
	for _, want := range []string{`"users"`, address, m.Address(), "-gossip.allow-loopback-services"} {
		if err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want it to say %s", err, want)
		}
	}
}

func TestFault64_ServiceAtLoopback(t *testing.T) {
	virtual(t, 2, func(t *testing.T, c *testcluster.Cluster) {
		m := c.Members[0]
		held := mustRegister(t, c.Members[1], membership.Service{Name: "users", Address: "10.0.0.2:80"})
		for _, address := range atLoopback {
			service := membership.Service{Name: "users", Address: address}
			_, err := m.Register(service)
			wantLoopbackRefused(t, err, m.Node, address)
			wantLoopbackRefused(t, held.Update(service), c.Members[1].Node, address)
		}
		c.AwaitViews(prompt, c.Members, offers("users", "10.0.0.2:80"))
		for _, address := range []string{"10.0.0.1:80", "[fd00::1]:80", "localhost.example:80", "mylocalhost:80", "128.0.0.1:80",
			"10.1:80", "127:80", "127.1.example:80", "256.1:80", "1.2.3.4.5:80", "123456789012:80"} {
			registration := mustRegister(t, m, membership.Service{Name: "users", Address: address})
			if err := registration.Deregister(); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestServiceAtLoopbackAllowed(t *testing.T) {
	virtual(t, 1, func(t *testing.T, c *testcluster.Cluster) {
		m := c.Run(c.Network.Host(), cluster.Config{Name: "proxied", AllowLoopbackServices: true})
		registration := mustRegister(t, m, membership.Service{Name: "users", Address: "127.0.0.1:80"})
		if err := registration.Update(membership.Service{Name: "users", Address: "localhost:80"}); err != nil {
			t.Error(err)
		}
	})
}

// TestServiceAtLoopbackOfAMemberThere is what a first trial on one host is.
func TestServiceAtLoopbackOfAMemberThere(t *testing.T) {
	node := start(t, cluster.Config{})
	for _, address := range atLoopback {
		registration, err := node.Register(membership.Service{Name: "users", Address: address})
		if err != nil {
			t.Fatalf("register %s on loopback: %v", address, err)
		}
		registration.Deregister()
	}
}

// TestFault64_OfferAtLoopback: Run refuses what its listener or its service says, before it serves anything.
func TestFault64_OfferAtLoopback(t *testing.T) {
	for name, tt := range map[string]struct{ given, bound, refused string }{
		"bound":          {"", "127.0.0.1:80", "127.0.0.1:80"},
		"bound, IPv6":    {"", "[::1]:80", "[::1]:80"},
		"bound, in IPv6": {"", "[::ffff:127.0.0.1]:80", "[::ffff:127.0.0.1]:80"},
		"given":          {"localhost:80", "0.0.0.0:80", "localhost:80"},
	} {
		t.Run(name, func(t *testing.T) {
			virtual(t, 1, func(t *testing.T, c *testcluster.Cluster) {
				p := newProcess(t, c)
				good, bad := p.offer("good", mustNotServe{t}), p.offer("users", mustNotServe{t})
				bad.Service.Address = tt.given
				p.opened[1].addr = text(tt.bound)
				p.run(offering(good, bad))
				time.AfterFunc(time.Minute, p.end) // should it be served all the same
				err := p.took(0)
				wantFieldError(t, err, `address of service "users"`, tt.refused)
				if err == nil || !strings.Contains(err.Error(), p.host.Address().String()) {
					t.Errorf("Run = %v, want it to name the member's address", err)
				}
				c.AwaitViews(0, c.Members, lacks("run"))
			})
		})
	}
}

// TestServiceAtAWildcard is refused as what it is, and not as loopback, which could be allowed.
func TestServiceAtAWildcard(t *testing.T) {
	virtual(t, 1, func(t *testing.T, c *testcluster.Cluster) {
		for _, address := range []string{":80", "0.0.0.0:80", "[::]:80", "[::%eth0]:80", "[::ffff:0.0.0.0]:80"} {
			_, err := c.Members[0].Register(membership.Service{Name: "users", Address: address})
			wantFieldError(t, err, `address of service "users"`, address)
			if err == nil || !strings.Contains(err.Error(), "not the wildcard") {
				t.Errorf("Register(%s) = %v", address, err)
			}
		}
	})
}

// TestOfferOfALoopbackMember: a wildcard stands for the member's address, on loopback too.
func TestOfferOfALoopbackMember(t *testing.T) {
	listener, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	port := netip.MustParseAddrPort(listener.Addr().String()).Port()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	nodes := make(chan *cluster.Node, 1)
	go func() {
		ended <- cluster.Run(ctx, cluster.Config{}, func(node *cluster.Node) ([]cluster.Offer, error) {
			nodes <- node
			return []cluster.Offer{{Service: membership.Service{Name: "users"}, Listener: listener, Server: &http.Server{}}}, nil
		}, cluster.Signals())
	}()
	await(t, offers("users", netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port).String()), <-nodes)
	cancel()
	if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
