package grpcendpoint

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/membership"
)

// proxiedChild is set in the child: a process reads the proxies of its environment once.
const proxiedChild = "GRPCENDPOINT_PROXIED_CHILD"

func TestFault63_ProxyOfTheEnvironment(t *testing.T) {
	for name, options := range map[string][]Option{"straight": nil, "proxied": {ProxyFromEnvironment()}} {
		if os.Getenv(proxiedChild) == name {
			callTwoInstances(t, options)
			return
		}
	}
	for name, asks := range map[string]int{"straight": 0, "proxied": 2} {
		t.Run(name, func(t *testing.T) {
			proxy := newProxy(t)
			child := exec.Command(os.Args[0], "-test.run=^TestFault63_ProxyOfTheEnvironment$", "-test.timeout=30s")
			for _, variable := range os.Environ() {
				if name, _, _ := strings.Cut(variable, "="); !strings.HasSuffix(strings.ToLower(name), "_proxy") {
					child.Env = append(child.Env, variable)
				}
			}
			child.Env = append(child.Env, proxiedChild+"="+name, "HTTPS_PROXY=http://"+proxy.listener.Addr().String())
			if output, err := child.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, output)
			}
			if asked := proxy.asks(); len(asked) != asks {
				t.Errorf("the proxy was asked for %q, want %d instances", asked, asks)
			}
		})
	}
}

// callTwoInstances fails unless both are called, and told apart. They are at the wildcard's address: a client reaches
// them there, and no proxy makes an exception for it, as for loopback.
func callTwoInstances(t *testing.T, options []Option) {
	town := newTown(t)
	for i, name := range []string{"a", "b"} {
		listener, err := net.Listen("tcp4", "0.0.0.0:0")
		if err != nil {
			t.Fatal(err)
		}
		server := grpc.NewServer()
		grpc_health_v1.RegisterHealthServer(server, health.NewServer())
		go server.Serve(listener)
		defer server.Stop()
		boot := membership.Boot{Number: uint64(i + 1), ID: uint64(i + 1)}
		town.Apply(membership.Heard{Record: membership.Record{Name: name, Boot: boot, Version: 1,
			Services: []membership.Service{{Name: "users", Address: listener.Addr().String()}}}},
			membership.Up{Name: name, BootID: boot.ID}, membership.Suspected{Name: name, BootID: boot.ID})
	}
	conn, err := New(town.View(), "users", balancer.RoundRobin(),
		append(options, Dial(grpc.WithTransportCredentials(insecure.NewCredentials())))...)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for range 1000 {
		if err := call(t, grpc_health_v1.NewHealthClient(conn)); err != nil {
			t.Fatal(err)
		}
		town.mu.Lock()
		told := slices.Compact(slices.Sorted(slices.Values(town.evidence)))
		town.mu.Unlock()
		if len(told) == 2 {
			return // both answered
		}
	}
	t.Error("only one of two instances is called")
}

// proxy connects to what it is asked for.
type proxy struct {
	listener net.Listener
	mu       sync.Mutex
	asked    []string
}

func newProxy(t *testing.T) *proxy {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	p := &proxy{listener: listener}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go p.serve(conn)
		}
	}()
	return p
}

func (p *proxy) serve(conn net.Conn) {
	defer conn.Close()
	reader := bufio.NewReader(conn)
	request, err := http.ReadRequest(reader)
	if err != nil {
		return
	}
	p.mu.Lock()
	p.asked = append(p.asked, request.Host)
	p.mu.Unlock()
	to, err := net.Dial("tcp", request.Host)
	if err != nil {
		return
	}
	defer to.Close()
	fmt.Fprint(conn, "HTTP/1.1 200 Connection established\r\n\r\n")
	go io.Copy(to, reader)
	io.Copy(conn, to)
}

func (p *proxy) asks() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Compact(slices.Sorted(slices.Values(p.asked)))
}
