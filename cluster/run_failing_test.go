package cluster_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/membership"
	"github.com/grapevine-go/grapevine/testcluster"
)

// mustNotServe is a server that is not to be used.
type mustNotServe struct{ t *testing.T }

func (s mustNotServe) Serve(net.Listener) error {
	s.t.Error("served")
	return nil
}

func (s mustNotServe) Shutdown(context.Context) error { return nil }

// stub is a server that serves until it is told to end, and ends as it is told to.
type stub struct {
	fails  chan error // what Serve returns
	deaf   bool       // whether Shutdown heeds no context
	closed chan struct{}
}

func newStub() *stub { return &stub{fails: make(chan error, 1), closed: make(chan struct{})} }

func (s *stub) Serve(net.Listener) error { return <-s.fails }

func (s *stub) Shutdown(context.Context) error {
	if s.deaf {
		<-s.closed
	}
	s.fails <- http.ErrServerClosed
	return nil
}

// closing is a stub that can be closed.
type closing struct{ *stub }

func (s closing) Close() error {
	close(s.closed)
	return nil
}

// hanging is a handler that ends when its connection does.
var hanging = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })

var errServer = errors.New("accept: too many open files")

func TestRunServerFails(t *testing.T) {
	virtual(t, 3, func(t *testing.T, c *testcluster.Cluster) {
		p, server := newProcess(t, c), newStub()
		p.run(offering(p.offer("other", server), p.offer("users", &http.Server{Handler: slow(3 * time.Second)})))
		c.AwaitViews(settled, c.Members, offers("users", p.opened[1].Addr().String()))
		inFlight := get(c.Members[0])
		time.Sleep(time.Second)
		server.fails <- errServer
		if err := p.took(2 * time.Second); !errors.Is(err, errServer) || !strings.Contains(err.Error(), "other") {
			t.Errorf("Run = %v, want %v", err, errServer)
		}
		wantAnswer(t, inFlight)
		c.AwaitViews(0, c.Members, lacks("run"))
	})
}

// TestRunTellsWhatFailedFirst has all steps fail, each for as long as it may: the node is isolated,
// and a request that hangs is in flight.
func TestRunTellsWhatFailedFirst(t *testing.T) {
	for name, tt := range map[string]struct {
		options                []cluster.RunOption
		drain, shutdown, leave time.Duration
	}{
		"by default": {nil, 5 * time.Second, 20 * time.Second, 5 * time.Second},
		"with options": {[]cluster.RunOption{cluster.DrainTimeout(time.Second), cluster.ShutdownTimeout(2 * time.Second),
			cluster.LeaveTimeout(3 * time.Second)}, time.Second, 2 * time.Second, 3 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			virtual(t, 2, func(t *testing.T, c *testcluster.Cluster) {
				p, server := newProcess(t, c), newStub()
				p.run(offering(p.offer("other", server), p.offer("users", &http.Server{Handler: hanging})), tt.options...)
				c.AwaitViews(settled, c.Members, members(3))
				inFlight := getFrom(c.Network.Host(), p.opened[1].Addr().String())
				time.Sleep(time.Second)
				c.Network.Cut(hosts(c.Members), []*testcluster.Host{p.host})
				server.fails <- errServer
				err := p.took(tt.drain + tt.shutdown + tt.leave)
				var joined interface{ Unwrap() []error }
				if !errors.As(err, &joined) || len(joined.Unwrap()) != 4 {
					t.Fatalf("Run = %v, want four errors", err)
				}
				var drain, leave *cluster.UnconfirmedError
				for i, right := range []bool{
					errors.Is(joined.Unwrap()[0], errServer),
					errors.As(joined.Unwrap()[1], &drain) && slices.Equal(drain.Members, []string{"m1", "m2"}),
					errors.Is(joined.Unwrap()[2], context.DeadlineExceeded) && strings.Contains(joined.Unwrap()[2].Error(), "users"),
					errors.As(joined.Unwrap()[3], &leave) && slices.Equal(leave.Members, []string{"m1", "m2"}),
				} {
					if !right {
						t.Errorf("error %d is %v", i, joined.Unwrap()[i])
					}
				}
				if got := <-inFlight; !strings.Contains(got, "EOF") {
					t.Errorf("the call that hung gave %q, want a closed connection", got)
				}
			})
		})
	}
}

// TestRunServerHeedsNoContext bounds a Shutdown that does not end in time.
func TestRunServerHeedsNoContext(t *testing.T) {
	t.Run("closed", func(t *testing.T) {
		virtual(t, 2, func(t *testing.T, c *testcluster.Cluster) {
			p, server := newProcess(t, c), closing{newStub()}
			server.deaf = true
			p.run(offering(p.offer("users", server)))
			c.AwaitViews(settled, c.Members, members(3))
			if err := p.ends(20 * time.Second); !errors.Is(err, context.DeadlineExceeded) || strings.Contains(err.Error(), "does not end") {
				t.Errorf("Run = %v", err)
			}
			c.AwaitViews(0, c.Members, lacks("run"))
		})
	})
	t.Run("left", func(t *testing.T) {
		virtual(t, 2, func(t *testing.T, c *testcluster.Cluster) {
			p, server := newProcess(t, c), newStub()
			server.deaf = true
			p.run(offering(p.offer("users", server)))
			c.AwaitViews(settled, c.Members, members(3))
			if err := p.ends(21 * time.Second); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "does not end") {
				t.Errorf("Run = %v", err)
			}
			c.AwaitViews(0, c.Members, lacks("run"))
			close(server.closed)
		})
	})
}

// sticky is a server whose Shutdown fails at once, and which ends only when it is closed.
type sticky struct{ *stub }

func (s sticky) Shutdown(context.Context) error { return errServer }

func (s sticky) Close() error {
	s.fails <- http.ErrServerClosed
	return nil
}

func TestRunShutdownFails(t *testing.T) {
	virtual(t, 1, func(t *testing.T, c *testcluster.Cluster) {
		p := newProcess(t, c)
		p.run(offering(p.offer("users", sticky{newStub()})))
		c.AwaitViews(settled, c.Members, members(2))
		if err := p.ends(0); !errors.Is(err, errServer) {
			t.Errorf("Run = %v, want %v", err, errServer)
		}
	})
}

// TestRunRefusesOffers has the second of two offers be unusable: the first is not served then.
func TestRunRefusesOffers(t *testing.T) {
	for name, tt := range map[string]struct {
		edit         func(*cluster.Offer)
		field, value string
	}{
		"no listener": {func(o *cluster.Offer) { o.Listener = nil }, `listener of service "users"`, "nil"},
		"no server":   {func(o *cluster.Offer) { o.Server = nil }, `server of service "users"`, "nil"},
		"no name":     {func(o *cluster.Offer) { o.Service.Name = "" }, "service name", ""},
		"a path": {func(o *cluster.Offer) { o.Listener.(*door).addr = &net.UnixAddr{Net: "unix", Name: "/run/users"} },
			`address of service "users"`, "/run/users"},
	} {
		t.Run(name, func(t *testing.T) {
			virtual(t, 1, func(t *testing.T, c *testcluster.Cluster) {
				p := newProcess(t, c)
				good, bad := p.offer("good", mustNotServe{t}), p.offer("users", mustNotServe{t})
				if tt.edit(&bad); bad.Listener == nil {
					p.opened[1].Close()
				}
				var field *membership.FieldError
				err := p.run(offering(good, bad)).took(0)
				if !errors.As(err, &field) || field.Field != tt.field || field.Value != tt.value {
					t.Errorf("Run = %v, want an error of %s %q", err, tt.field, tt.value)
				}
			})
		})
	}
}

// TestRunCannotRegister finds out by the second service that its name is in use: the first server is stopped.
func TestRunCannotRegister(t *testing.T) {
	virtual(t, 2, func(t *testing.T, c *testcluster.Cluster) {
		p := newProcess(t, c)
		p.run(offering(p.offer("users", &http.Server{}), p.offer("users", newStub()), p.offer("third", mustNotServe{t})))
		var field *membership.FieldError
		if err := p.took(0); !errors.As(err, &field) {
			t.Errorf("Run = %v, want a FieldError", err)
		}
		c.AwaitViews(0, c.Members, lacks("run"))
	})
}

// TestRunAddress says which address is registered for which listener.
func TestRunAddress(t *testing.T) {
	for name, tt := range map[string]struct{ given, bound, want string }{
		"as bound":       {"", "10.9.9.9:80", "10.9.9.9:80"},
		"as given":       {"users.example:80", "[::]:80", "users.example:80"},
		"of any":         {"", "[::]:80", "<node>:80"},
		"of any, IPv4":   {"", "0.0.0.0:80", "<node>:80"},
		"of any, mapped": {"", "[::ffff:0.0.0.0]:80", "<node>:80"},
		"of IPv6":        {"", "[fd00::1]:80", "[fd00::1]:80"},
	} {
		t.Run(name, func(t *testing.T) {
			virtual(t, 1, func(t *testing.T, c *testcluster.Cluster) {
				p := newProcess(t, c)
				offer := p.offer("users", &http.Server{})
				offer.Service.Address = tt.given
				p.opened[0].addr = net.TCPAddrFromAddrPort(netip.MustParseAddrPort(tt.bound))
				if strings.Contains(tt.bound, "ffff") {
					p.opened[0].addr = text(tt.bound) // package net would unmap it
				}
				p.run(offering(offer))
				c.AwaitViews(settled, c.Members, offers("users", strings.ReplaceAll(tt.want, "<node>", p.host.IP().String())))
				wantNil(t, p.ends(0))
			})
		})
	}
}

// text is an address of any form.
type text string

func (text) Network() string  { return "tcp" }
func (a text) String() string { return string(a) }
