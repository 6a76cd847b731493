package cluster_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/membership"
	"github.com/grapevine-go/grapevine/testcluster"
)

// settled is how long a start, or an end, takes at most until everybody knows.
const settled = time.Second

// process is, in a bubble, a call of Run on a host of its own.
type process struct {
	t      *testing.T
	host   *testcluster.Host
	config cluster.Config
	end    context.CancelFunc
	result chan error
	opened []*door
}

// door is a listener that knows whether it was closed.
type door struct {
	net.Listener
	closed atomic.Bool
	addr   net.Addr // in place of the true one, if there is one
}

func (l *door) Close() error {
	l.closed.Store(true)
	return l.Listener.Close()
}

func (l *door) Addr() net.Addr {
	if l.addr != nil {
		return l.addr
	}
	return l.Listener.Addr()
}

// newProcess gives one that begins with run.
func newProcess(t *testing.T, c *testcluster.Cluster) *process {
	host := c.Network.Host()
	config := c.Config(host, cluster.Config{Name: "run", Logger: zerolog.Nop()})
	return &process{t: t, host: host, config: config, result: make(chan error, 1)}
}

func (p *process) run(build func(*cluster.Node) ([]cluster.Offer, error), options ...cluster.RunOption) *process {
	ctx, cancel := context.WithCancel(p.t.Context())
	p.end = cancel
	go func() { p.result <- cluster.Run(ctx, p.config, build, append(options, cluster.Signals())...) }()
	return p
}

// runs has the process offer users by handler.
func (p *process) runs(handler http.HandlerFunc, options ...cluster.RunOption) *process {
	return p.run(offering(p.offer("users", &http.Server{Handler: handler})), options...)
}

func (p *process) offer(service string, server cluster.Server) cluster.Offer {
	p.t.Helper()
	listener, err := p.host.Listen(0)
	if err != nil {
		p.t.Fatal(err)
	}
	p.opened = append(p.opened, &door{Listener: listener})
	return cluster.Offer{Service: membership.Service{Name: service}, Listener: p.opened[len(p.opened)-1], Server: server}
}

func offering(offers ...cluster.Offer) func(*cluster.Node) ([]cluster.Offer, error) {
	return func(*cluster.Node) ([]cluster.Offer, error) { return offers, nil }
}

// took expects that Run returns after about d, and gives its error. Nothing of the process is left then.
func (p *process) took(d time.Duration) error {
	p.t.Helper()
	begin := time.Now()
	err := <-p.result
	if took := time.Since(begin); took < d || took > d+time.Second {
		p.t.Errorf("Run took %v to end, want %v", took, d)
	}
	for i, listener := range p.opened {
		if !listener.closed.Load() {
			p.t.Errorf("listener %d is open", i)
		}
	}
	if _, err := p.host.Listen(0); err == nil { // the transport is shut down
		p.t.Error("the node is not closed")
	}
	return err
}

// ends is took for a process that is told to end now.
func (p *process) ends(d time.Duration) error {
	p.t.Helper()
	p.end()
	return p.took(d)
}

func wantNil(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("Run = %v", err)
	}
}

func hello(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") }

func slow(d time.Duration) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(d)
		hello(w, r)
	}
}

// get calls the first instance of users that m knows, and returns the answer.
func get(m *testcluster.Member) <-chan string {
	addresses := m.View().Snapshot().Addresses("users")
	if len(addresses) == 0 {
		result := make(chan string, 1)
		result <- "nobody"
		return result
	}
	return getFrom(m.Host, addresses[0])
}

// getFrom calls address from a host that need not be a member's.
func getFrom(host *testcluster.Host, address string) <-chan string {
	result := make(chan string, 1)
	client := &http.Client{Transport: &http.Transport{DialContext: host.DialContext, DisableKeepAlives: true}}
	go func() {
		response, err := client.Get("http://" + address)
		if err != nil {
			result <- err.Error()
			return
		}
		defer response.Body.Close()
		body, _ := io.ReadAll(response.Body)
		result <- string(body)
	}()
	return result
}

func wantAnswer(t *testing.T, result <-chan string) {
	t.Helper()
	if got := <-result; got != "hello" {
		t.Errorf("the call gave %q", got)
	}
}

func TestRun(t *testing.T) {
	virtual(t, 3, func(t *testing.T, c *testcluster.Cluster) {
		p := newProcess(t, c).runs(slow(3 * time.Second))
		c.AwaitViews(settled, c.Members, offers("users", p.opened[0].Addr().String()))
		inFlight := get(c.Members[0])
		time.Sleep(time.Second)
		p.end()
		time.Sleep(time.Second)
		for _, m := range c.Members {
			if got := instanceOf(t, m, "run"); got.State != membership.Draining {
				t.Errorf("while a call is in flight, %s sees state %v", m.Name(), got.State)
			}
		}
		wantNil(t, p.took(time.Second))
		wantAnswer(t, inFlight)
		c.AwaitViews(0, c.Members, lacks("run"))
	})
}

func TestRunOffersNothing(t *testing.T) {
	virtual(t, 2, func(t *testing.T, c *testcluster.Cluster) {
		p := newProcess(t, c).run(offering(), cluster.Linger(time.Hour))
		c.AwaitViews(settled, c.Members, members(3))
		wantNil(t, p.ends(0))
		c.AwaitViews(0, c.Members, lacks("run"))
	})
}

// TestRunIsToldToEndEarly has it end before it starts, while it starts, and in build.
func TestRunIsToldToEndEarly(t *testing.T) {
	noBuild := func(*cluster.Node) ([]cluster.Offer, error) {
		t.Error("build was called")
		return nil, nil
	}
	t.Run("before", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		wantNil(t, cluster.Run(ctx, cluster.Config{}, noBuild))
		var field *membership.FieldError
		if err := cluster.Run(ctx, cluster.Config{Bind: "here"}, noBuild); !errors.As(err, &field) {
			t.Errorf("a config that cannot be used gives %v", err)
		}
	})
	t.Run("start", func(t *testing.T) {
		virtual(t, 1, func(t *testing.T, c *testcluster.Cluster) {
			p := newProcess(t, c)
			c.Network.Cut(hosts(c.Members), []*testcluster.Host{p.host}) // so that the start waits
			p.run(noBuild)
			time.Sleep(500 * time.Millisecond)
			wantNil(t, p.ends(0))
		})
	})
	t.Run("build", func(t *testing.T) {
		virtual(t, 1, func(t *testing.T, c *testcluster.Cluster) {
			p := newProcess(t, c)
			offer := p.offer("users", &http.Server{})
			p.run(func(*cluster.Node) ([]cluster.Offer, error) {
				p.end()
				return []cluster.Offer{offer}, nil
			})
			wantNil(t, p.took(0))
		})
	})
}

var errBuild = errors.New("no database")

func TestRunBuildFails(t *testing.T) {
	virtual(t, 2, func(t *testing.T, c *testcluster.Cluster) {
		p := newProcess(t, c)
		offer := p.offer("users", mustNotServe{t})
		p.run(func(*cluster.Node) ([]cluster.Offer, error) { return []cluster.Offer{offer, {}}, errBuild })
		if err := p.took(0); !errors.Is(err, errBuild) {
			t.Errorf("Run = %v, want %v", err, errBuild)
		}
		c.AwaitViews(0, c.Members, lacks("run")) // it said goodbye
	})
}

func TestRunBuildPanics(t *testing.T) {
	virtual(t, 1, func(t *testing.T, c *testcluster.Cluster) {
		p := newProcess(t, c)
		var node *cluster.Node
		func() {
			defer func() {
				if recover() != errBuild {
					t.Error("the panic did not come through")
				}
			}()
			cluster.Run(t.Context(), p.config, func(n *cluster.Node) ([]cluster.Offer, error) {
				node = n
				panic(errBuild)
			}, cluster.Signals())
		}()
		if err := node.Leave(t.Context()); !errors.Is(err, cluster.ErrClosed) {
			t.Errorf("after a panic, Leave = %v, want the node closed", err)
		}
	})
}

// TestRunTakenName has the name turn out to be taken long after the start.
func TestRunTakenName(t *testing.T) {
	virtual(t, 2, func(t *testing.T, c *testcluster.Cluster) {
		withUsers(t, c)
		p := newProcess(t, c)
		p.config.Name = "m2"
		c.Network.Cut(hosts(c.Members), []*testcluster.Host{p.host})
		p.runs(hello)
		time.Sleep(10 * time.Second)
		c.Heal()
		err := <-p.result
		var taken *cluster.NameTakenError
		if !errors.As(err, &taken) || !p.opened[0].closed.Load() {
			t.Errorf("Run = %v, want a NameTakenError", err)
		}
	})
}

// TestRunServerIsShutDown has the application end one of two servers: its service is taken back, and the other goes on.
func TestRunServerIsShutDown(t *testing.T) {
	for name, end := range map[string]func(*http.Server, net.Listener) error{
		"server":   func(server *http.Server, _ net.Listener) error { return server.Shutdown(context.Background()) },
		"listener": func(_ *http.Server, listener net.Listener) error { return listener.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			virtual(t, 2, func(t *testing.T, c *testcluster.Cluster) {
				p := newProcess(t, c)
				server := &http.Server{}
				p.run(offering(p.offer("users", &http.Server{Handler: http.HandlerFunc(hello)}), p.offer("admin", server)))
				c.AwaitViews(settled, c.Members, offers("admin", p.opened[1].Addr().String()))
				if err := end(server, p.opened[1]); err != nil {
					t.Fatal(err)
				}
				c.AwaitViews(settled, c.Members, offers("admin"))
				wantAnswer(t, get(c.Members[0]))
				wantNil(t, p.ends(0))
			})
		})
	}
}

// TestRunOneServerForTwo offers two services behind one server and one listener.
func TestRunOneServerForTwo(t *testing.T) {
	virtual(t, 2, func(t *testing.T, c *testcluster.Cluster) {
		p := newProcess(t, c)
		one := p.offer("users", &http.Server{Handler: http.HandlerFunc(hello)})
		other := one
		other.Service.Name = "orders"
		p.run(offering(one, other))
		address := p.opened[0].Addr().String()
		c.AwaitViews(settled, c.Members, both(offers("users", address), offers("orders", address)))
		wantAnswer(t, get(c.Members[0]))
		wantNil(t, p.ends(0))
	})
}

// TestRunLingers goes on serving after the drain, also on new connections.
func TestRunLingers(t *testing.T) {
	virtual(t, 2, func(t *testing.T, c *testcluster.Cluster) {
		p := newProcess(t, c).runs(hello, cluster.Linger(10*time.Second))
		c.AwaitViews(settled, c.Members, members(3))
		p.end()
		time.Sleep(9 * time.Second)
		wantAnswer(t, get(c.Members[0]))
		wantNil(t, p.took(time.Second))
	})
}

// TestRunShutdownTimeoutOfZero cuts off requests in flight, and fails only if there are any.
func TestRunShutdownTimeoutOfZero(t *testing.T) {
	t.Run("idle", func(t *testing.T) {
		virtual(t, 2, func(t *testing.T, c *testcluster.Cluster) {
			p := newProcess(t, c).runs(hello, cluster.ShutdownTimeout(0))
			c.AwaitViews(settled, c.Members, members(3))
			wantAnswer(t, get(c.Members[0]))
			wantNil(t, p.ends(0))
		})
	})
	t.Run("in flight", func(t *testing.T) {
		virtual(t, 2, func(t *testing.T, c *testcluster.Cluster) {
			p := newProcess(t, c).runs(hanging, cluster.ShutdownTimeout(0))
			c.AwaitViews(settled, c.Members, members(3))
			inFlight := get(c.Members[0])
			time.Sleep(time.Second)
			if err := p.ends(0); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Run = %v, want that the time for requests in flight was over", err)
			}
			if got := <-inFlight; !strings.Contains(got, "EOF") {
				t.Errorf("the call that hung gave %q, want a closed connection", got)
			}
		})
	})
}

// TestRunStopsServersTogether has one of two servers finish a call: the other accepts none meanwhile.
func TestRunStopsServersTogether(t *testing.T) {
	virtual(t, 1, func(t *testing.T, c *testcluster.Cluster) {
		p := newProcess(t, c)
		p.run(offering(p.offer("users", &http.Server{Handler: slow(10 * time.Second)}), p.offer("orders", &http.Server{})))
		c.AwaitViews(settled, c.Members, offers("orders", p.opened[1].Addr().String()))
		inFlight := get(c.Members[0])
		time.Sleep(time.Second)
		p.end()
		time.Sleep(time.Second)
		if !p.opened[1].closed.Load() {
			t.Error("while one server finishes, the other accepts calls")
		}
		wantNil(t, p.took(8*time.Second))
		wantAnswer(t, inFlight)
	})
}
