package cluster_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/testcluster"
)

// aside is a companion that serves until it is told to end.
type aside struct {
	fails  chan error    // what Serve returns; closed by Shutdown
	answer chan struct{} // until it is closed, Shutdown waits for its context; nil for not at all
	deaf   bool          // whether Shutdown does not wait for its context either
	linger time.Duration

	end    sync.Once
	told   atomic.Int64 // how many times
	closed atomic.Int64
	ended  atomic.Bool // whether Serve has returned
}

func newAside() *aside { return &aside{fails: make(chan error, 1)} }

func (a *aside) Serve() error {
	defer a.ended.Store(true)
	if err, failed := <-a.fails; failed {
		return err
	}
	return net.ErrClosed
}

func (a *aside) Shutdown(ctx context.Context) error {
	a.told.Add(1)
	if a.answer != nil {
		done := ctx.Done()
		if a.deaf {
			done = nil
		}
		select {
		case <-a.answer:
		case <-done:
			return ctx.Err()
		}
	}
	a.end.Do(func() { close(a.fails) })
	return nil
}

func (a *aside) Linger() time.Duration { return a.linger }

// closable is an aside that can be cut off.
type closable struct{ *aside }

func (c closable) Close() error {
	c.closed.Add(1)
	close(c.answer) // panics if it is called twice
	c.end.Do(func() { close(c.fails) })
	return nil
}

// alongside is an option that starts a companion.
func alongside(name string, companion cluster.Companion) cluster.RunOption {
	return cluster.Beside(name, func(*cluster.Node) (cluster.Companion, error) { return companion, nil })
}

// mustEnd fails the test if the companion was not told to end, or goes on.
func (a *aside) mustEnd(t *testing.T) {
	t.Helper()
	if a.told.Load() != 1 || !a.ended.Load() {
		t.Errorf("the companion was told to end %d times, and has ended: %v", a.told.Load(), a.ended.Load())
	}
}

// TestRunCompanion has a page beside the service. It answers while build is at work, before and
// after the service is registered, while a call is in flight at the end, and until the others have
// heard the goodbye.
func TestRunCompanion(t *testing.T) {
	virtual(t, 2, func(t *testing.T, c *testcluster.Cluster) {
		p, client := newProcess(t, c), c.Network.Host()
		page := p.offer("page", nil).Listener
		watched := make(chan struct{})
		companion := cluster.Beside("page", func(node *cluster.Node) (cluster.Companion, error) {
			if node.View().Self() != "run" {
				t.Errorf("the node is %q", node.View().Self())
			}
			return cluster.ServerOn(page, &http.Server{Handler: http.HandlerFunc(hello)}), nil
		})
		users := p.offer("users", &http.Server{Handler: slow(3 * time.Second)})
		p.run(func(*cluster.Node) ([]cluster.Offer, error) {
			time.Sleep(time.Second)
			wantAnswer(t, getFrom(client, page.Addr().String()))
			return []cluster.Offer{users}, nil
		}, companion)
		c.AwaitViews(time.Second+settled, c.Members, offers("users", users.Listener.Addr().String()))
		inFlight := get(c.Members[0])
		time.Sleep(time.Second)
		go func() { // asks again and again, until the goodbye
			defer close(watched)
			for lists := not(lacks("run")); lists(c.Members[0].View().Snapshot()); time.Sleep(10 * time.Millisecond) {
				wantAnswer(t, getFrom(client, page.Addr().String()))
			}
		}()
		wantNil(t, p.ends(2*time.Second))
		wantAnswer(t, inFlight)
		<-watched
		c.AwaitViews(0, c.Members, lacks("run"))
	})
}

// TestRunCompanionsEndLast holds the order of the end: drain, services, goodbye, companions.
func TestRunCompanionsEndLast(t *testing.T) {
	virtual(t, 2, func(t *testing.T, c *testcluster.Cluster) {
		p := newProcess(t, c)
		one, other := newAside(), &lookout{aside: newAside(), look: func() {
			c.AwaitViews(0, c.Members, lacks("run"))
			if !p.opened[0].closed.Load() {
				t.Error("the companion ends before the service")
			}
		}}
		p.runs(hello, alongside("one", one), alongside("other", other))
		c.AwaitViews(settled, c.Members, offers("users", p.opened[0].Addr().String()))
		wantNil(t, p.ends(0))
		one.mustEnd(t)
		other.mustEnd(t)
	})
}

// lookout looks when it is told to end.
type lookout struct {
	*aside
	look func()
}

func (l *lookout) Shutdown(ctx context.Context) error {
	l.look()
	return l.aside.Shutdown(ctx)
}

func TestRunCompanionFails(t *testing.T) {
	t.Run("at work", func(t *testing.T) {
		virtual(t, 2, func(t *testing.T, c *testcluster.Cluster) {
			p, dns, page := newProcess(t, c), newAside(), newAside()
			p.runs(slow(3*time.Second), alongside("dns", dns), alongside("page", page))
			c.AwaitViews(settled, c.Members, offers("users", p.opened[0].Addr().String()))
			inFlight := get(c.Members[0])
			time.Sleep(time.Second)
			dns.fails <- errServer
			if err := p.took(2 * time.Second); !errors.Is(err, errServer) || !strings.Contains(err.Error(), "serve dns") {
				t.Errorf("Run = %v, want %v of dns", err, errServer)
			}
			wantAnswer(t, inFlight)
			page.mustEnd(t)
			c.AwaitViews(0, c.Members, lacks("run"))
		})
	})
	t.Run("while build is at work", func(t *testing.T) {
		virtual(t, 1, func(t *testing.T, c *testcluster.Cluster) {
			p, dns := newProcess(t, c), newAside()
			p.run(func(node *cluster.Node) ([]cluster.Offer, error) {
				dns.fails <- errServer
				<-node.Context().Done()
				return nil, node.Context().Err()
			}, alongside("dns", dns))
			if err := p.took(0); !errors.Is(err, errServer) {
				t.Errorf("Run = %v, want %v", err, errServer)
			}
		})
	})
}

// TestRunCompanionIsShutDown has the application end a companion: the run goes on.
func TestRunCompanionIsShutDown(t *testing.T) {
	virtual(t, 1, func(t *testing.T, c *testcluster.Cluster) {
		p, dns := newProcess(t, c), newAside()
		p.runs(hello, alongside("dns", dns))
		c.AwaitViews(settled, c.Members, members(2))
		dns.fails <- http.ErrServerClosed
		time.Sleep(time.Minute)
		wantAnswer(t, get(c.Members[0]))
		wantNil(t, p.ends(0))
	})
}

// TestRunEndsCompanionsOfAFailure has something else fail, early or late.
func TestRunEndsCompanionsOfAFailure(t *testing.T) {
	fails := func(*cluster.Node) (cluster.Companion, error) { return nil, errBuild }
	for name, tt := range map[string]struct {
		build func(*testing.T, *process) func(*cluster.Node) ([]cluster.Offer, error)
		then  []cluster.RunOption
		want  string
	}{
		"build": {func(_ *testing.T, p *process) func(*cluster.Node) ([]cluster.Offer, error) {
			offer := p.offer("users", &http.Server{})
			return func(*cluster.Node) ([]cluster.Offer, error) { return []cluster.Offer{offer}, errBuild }
		}, nil, "build: no database"},
		"an offer": {func(*testing.T, *process) func(*cluster.Node) ([]cluster.Offer, error) {
			return offering(cluster.Offer{})
		}, nil, "listener of service"},
		"a registration": {func(_ *testing.T, p *process) func(*cluster.Node) ([]cluster.Offer, error) {
			return offering(p.offer("users", &http.Server{}), p.offer("users", &http.Server{}))
		}, nil, "users"},
		"another companion": {func(t *testing.T, _ *process) func(*cluster.Node) ([]cluster.Offer, error) {
			return mustNotBuild(t)
		}, []cluster.RunOption{cluster.Beside("page", fails)}, "cluster: run: start page: no database"},
	} {
		t.Run(name, func(t *testing.T) {
			virtual(t, 2, func(t *testing.T, c *testcluster.Cluster) {
				p, dns := newProcess(t, c), newAside()
				p.run(tt.build(t, p), append([]cluster.RunOption{alongside("dns", dns)}, tt.then...)...)
				if err := p.took(0); err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("Run = %v, want it to say %s", err, tt.want)
				}
				dns.mustEnd(t)
				c.AwaitViews(0, c.Members, lacks("run"))
			})
		})
	}
}

func mustNotBuild(t *testing.T) func(*cluster.Node) ([]cluster.Offer, error) {
	return func(*cluster.Node) ([]cluster.Offer, error) {
		t.Error("build was called")
		return nil, nil
	}
}

// TestRunEndsCompanionsOfAPanic has build, or the start of a companion, panic.
func TestRunEndsCompanionsOfAPanic(t *testing.T) {
	panics := cluster.Beside("page", func(*cluster.Node) (cluster.Companion, error) { panic(errBuild) })
	for name, options := range map[string][]cluster.RunOption{"build": nil, "start": {panics}} {
		t.Run(name, func(t *testing.T) {
			virtual(t, 1, func(t *testing.T, c *testcluster.Cluster) {
				p, dns := newProcess(t, c), newAside()
				func() {
					defer func() {
						if recover() != errBuild {
							t.Error("the panic did not come through")
						}
					}()
					build := func(*cluster.Node) ([]cluster.Offer, error) { panic(errBuild) }
					_ = cluster.Run(t.Context(), p.config, build,
						append([]cluster.RunOption{cluster.Signals(), alongside("dns", dns)}, options...)...)
				}()
				dns.mustEnd(t)
				if _, err := p.host.Listen(0); err == nil { // the transport is shut down
					t.Error("the node is not closed")
				}
			})
		})
	}
}

// TestRunCompanionThatIsNone is what a start returns whose flag is off.
func TestRunCompanionThatIsNone(t *testing.T) {
	virtual(t, 1, func(t *testing.T, c *testcluster.Cluster) {
		p := newProcess(t, c).runs(hello, alongside("nil", nil), alongside("nil pointer", (*aside)(nil)))
		c.AwaitViews(settled, c.Members, offers("users", p.opened[0].Addr().String()))
		wantNil(t, p.ends(0))
	})
}

func TestRunRefusesCompanions(t *testing.T) {
	t.Run("no start", func(t *testing.T) {
		err := cluster.Run(t.Context(), cluster.Config{}, mustNotBuild(t), cluster.Beside("dns", nil))
		wantFieldError(t, err, `start of companion "dns"`, "nil")
	})
	for name, tt := range map[string]struct {
		listener bool
		server   cluster.Server
		field    string
	}{
		"no listener": {false, mustNotServe{t}, `listener of companion "dns"`},
		"no server":   {true, (*http.Server)(nil), `server of companion "dns"`},
	} {
		t.Run(name, func(t *testing.T) {
			virtual(t, 1, func(t *testing.T, c *testcluster.Cluster) {
				p := newProcess(t, c)
				var listener net.Listener
				if tt.listener {
					listener = p.offer("dns", tt.server).Listener
				}
				p.run(mustNotBuild(t), alongside("dns", cluster.ServerOn(listener, tt.server)))
				wantFieldError(t, p.took(0), tt.field, "nil")
			})
		})
	}
}

// TestRunCompanionDoesNotEnd has a companion still answer, for long or for ever: that is cut off. One
// that goes on although it was closed is named, and one that cannot be closed as well.
func TestRunCompanionDoesNotEnd(t *testing.T) {
	for name, tt := range map[string]struct {
		deaf, closable bool
		took           time.Duration
		err            string
		closed         int64
	}{
		"cut off":                {false, true, time.Second, "", 1},
		"deaf, goes on":          {true, false, 2 * time.Second, "shut down page: the server does not end", 0},
		"deaf, closed":           {true, true, time.Second, "", 1},
		"told, cannot be closed": {false, false, 2 * time.Second, "shut down page: the server does not end", 0},
	} {
		t.Run(name, func(t *testing.T) {
			virtual(t, 2, func(t *testing.T, c *testcluster.Cluster) {
				var log bytes.Buffer
				p, page, dns := newProcess(t, c), newAside(), newAside()
				p.config.Logger = zerolog.New(zerolog.SyncWriter(&log))
				page.answer, page.deaf = make(chan struct{}), tt.deaf
				var companion cluster.Companion = page
				if tt.closable {
					companion = closable{page}
				}
				p.runs(hello, alongside("dns", dns), alongside("page", companion))
				c.AwaitViews(settled, c.Members, offers("users", p.opened[0].Addr().String()))
				err := p.ends(tt.took)
				if tt.err == "" {
					wantNil(t, err)
				} else if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Errorf("Run = %v, want it to say %s", err, tt.err)
				}
				if said := strings.Contains(log.String(), "cut off what was still being answered"); said != (tt.err == "") {
					t.Errorf("the log says %s", &log)
				}
				if page.closed.Load() != tt.closed {
					t.Errorf("it was closed %d times, want %d", page.closed.Load(), tt.closed)
				}
				dns.mustEnd(t)
				if tt.err != "" { // so that nothing is left
					close(page.answer)
					page.end.Do(func() { close(page.fails) })
				}
			})
		})
	}
}

// TestRunCompanionStartIsToldToEnd has the end requested while a companion starts: in its own time,
// or not at all. What it returns too late is closed.
func TestRunCompanionStartIsToldToEnd(t *testing.T) {
	t.Run("in time", func(t *testing.T) {
		virtual(t, 1, func(t *testing.T, c *testcluster.Cluster) {
			p, dns := newProcess(t, c), newAside()
			p.run(mustNotBuild(t), cluster.Beside("dns", func(node *cluster.Node) (cluster.Companion, error) {
				<-node.Context().Done()
				time.Sleep(time.Second)
				return dns, nil
			}), cluster.Beside("page", func(*cluster.Node) (cluster.Companion, error) {
				t.Error("another companion was started")
				return nil, nil
			}))
			time.Sleep(time.Second)
			wantNil(t, p.ends(time.Second))
			dns.mustEnd(t)
		})
	})
	t.Run("too late", func(t *testing.T) {
		virtual(t, 1, func(t *testing.T, c *testcluster.Cluster) {
			p, dns, release := newProcess(t, c), newAside(), make(chan struct{})
			p.run(mustNotBuild(t), cluster.Beside("dns", func(*cluster.Node) (cluster.Companion, error) {
				<-release
				return dns, nil
			}))
			time.Sleep(time.Second)
			if err := p.ends(buildPatience); err == nil || !strings.Contains(err.Error(), "start dns has not returned") {
				t.Errorf("Run = %v", err)
			}
			close(release)
			time.Sleep(time.Second)
			if dns.told.Load() != 1 {
				t.Error("a companion that came too late goes on")
			}
		})
	})
}
