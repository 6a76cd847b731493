package cluster_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/membership"
	"github.com/grapevine-go/grapevine/testcluster"
)

// ttl is how long clients of DNS keep an answer.
const ttl = time.Second

// lingering returns a companion that asks for a pause, as a DNS server does.
func lingering(d time.Duration) *aside {
	a := newAside()
	a.linger = d
	return a
}

// resolving is a client beyond the cluster. It learns the instances of users from a member, by DNS,
// and keeps what it was told.
type resolving struct {
	client *http.Client
	member *testcluster.Member
	answer []membership.Instance
	asked  time.Time
	calls  int
}

func newResolving(host *testcluster.Host, asks *testcluster.Member) *resolving {
	transport := &http.Transport{DialContext: host.DialContext, DisableKeepAlives: true}
	r := &resolving{client: &http.Client{Transport: transport}, member: asks}
	r.ask()
	return r
}

func (r *resolving) ask() {
	r.answer, r.asked = r.member.View().Snapshot().Available("users"), time.Now()
}

// call calls the next instance of the last answer, which is asked for again once it is too old.
func (r *resolving) call() error {
	if time.Since(r.asked) >= ttl {
		r.ask()
	}
	r.calls++
	response, err := r.client.Get("http://" + r.answer[r.calls%len(r.answer)].Address)
	if err != nil {
		return err
	}
	return response.Body.Close()
}

// TestRunLingersForClientsOfDNS ends one of two instances just after a client was told of both.
// Without a pause the client loses calls. With one of the TTL and a second it loses none, whoever
// asks for the pause: a DNS server beside the service, the config for one elsewhere, or the option.
func TestRunLingersForClientsOfDNS(t *testing.T) {
	const pause = ttl + time.Second
	for name, tt := range map[string]struct {
		companion, config, option time.Duration
		loses                     bool
	}{
		"no pause":       {loses: true},
		"a companion":    {companion: pause},
		"the config":     {config: pause},
		"the option":     {option: pause},
		"a short option": {companion: pause, option: ttl / 10},
	} {
		t.Run(name, func(t *testing.T) {
			virtual(t, 2, func(t *testing.T, c *testcluster.Cluster) {
				stays, ends := newProcess(t, c), newProcess(t, c)
				stays.config.Name, ends.config.Linger = "stays", tt.config
				stays.runs(hello)
				ends.runs(hello, cluster.Linger(tt.option), alongside("dns", lingering(tt.companion)))
				c.AwaitViews(settled, c.Members, func(s *membership.Snapshot) bool { return len(s.Available("users")) == 2 })
				client := newResolving(c.Network.Host(), c.Members[0])
				ended := make(chan error, 1)
				go func() {
					ends.end()
					ended <- <-ends.result
				}()
				lost := 0
				for range 300 {
					if err := client.call(); err != nil {
						lost++
					}
					time.Sleep(10 * time.Millisecond)
				}
				wantNil(t, <-ended)
				if lost > 0 != tt.loses {
					t.Errorf("the client lost %d of %d calls", lost, client.calls)
				}
				wantNil(t, stays.ends(0))
			})
		})
	}
}

// TestRunLingersForTheLongest has several ask for a pause.
func TestRunLingersForTheLongest(t *testing.T) {
	for name, tt := range map[string]struct{ option, config, one, other time.Duration }{
		"the option":  {option: 4 * time.Second, config: 3 * time.Second, one: time.Second},
		"the config":  {option: time.Second, config: 4 * time.Second},
		"a companion": {option: time.Second, config: 2 * time.Second, one: 3 * time.Second, other: 4 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			virtual(t, 1, func(t *testing.T, c *testcluster.Cluster) {
				p := newProcess(t, c)
				p.config.Linger = tt.config
				p.runs(hello, cluster.Linger(tt.option), alongside("one", lingering(tt.one)),
					alongside("other", lingering(tt.other)), alongside("page", cluster.ServerOn(p.offer("page", nil).Listener, &http.Server{})))
				c.AwaitViews(settled, c.Members, members(2))
				wantNil(t, p.ends(4*time.Second))
			})
		})
	}
}

// TestRunWithoutServicesDoesNotLinger has a process that only calls others, and one whose only
// server has failed.
func TestRunWithoutServicesDoesNotLinger(t *testing.T) {
	for _, name := range []string{"no offer", "a server that failed"} {
		t.Run(name, func(t *testing.T) {
			virtual(t, 2, func(t *testing.T, c *testcluster.Cluster) {
				p, server := newProcess(t, c), newStub()
				p.config.Linger = time.Hour
				build := offering()
				if name != "no offer" {
					build = offering(p.offer("users", server))
				}
				p.run(build, cluster.Linger(time.Hour), alongside("dns", lingering(time.Hour)))
				c.AwaitViews(settled, c.Members, members(3))
				if name == "no offer" {
					wantNil(t, p.ends(0))
					return
				}
				server.fails <- errServer
				if err := p.took(0); !errors.Is(err, errServer) {
					t.Errorf("Run = %v, want %v", err, errServer)
				}
			})
		})
	}
}

// TestRunLingersWithinTheWholeEnd has a process with clients of DNS be isolated: with the pause of
// the default TTL, drain and goodbye take no longer than without.
func TestRunLingersWithinTheWholeEnd(t *testing.T) {
	virtual(t, 3, func(t *testing.T, c *testcluster.Cluster) {
		p := newProcess(t, c).runs(hello, alongside("dns", lingering(2*time.Second)))
		c.AwaitViews(settled, c.Members, members(4))
		c.Network.Cut(hosts(c.Members), []*testcluster.Host{p.host})
		began := time.Now()
		p.end()
		if err := <-p.result; !isUnconfirmed(err) {
			t.Errorf("Run = %v, want an UnconfirmedError", err)
		}
		if took := time.Since(began); took > wholeEnd {
			t.Errorf("Run took %v to end, want %v at most", took, wholeEnd)
		}
	})
}

func isUnconfirmed(err error) bool {
	var unconfirmed *cluster.UnconfirmedError
	return errors.As(err, &unconfirmed)
}

// TestRunDoesNotWait has time-outs of 0 for members that do not confirm: that is no error. They are
// told all the same.
func TestRunDoesNotWait(t *testing.T) {
	notToWait := []cluster.RunOption{cluster.DrainTimeout(0), cluster.LeaveTimeout(0)}
	t.Run("for those that answer", func(t *testing.T) {
		virtual(t, 3, func(t *testing.T, c *testcluster.Cluster) {
			p := newProcess(t, c).runs(hello, append(notToWait, cluster.Linger(time.Minute))...)
			c.AwaitViews(settled, c.Members, members(4))
			p.end()
			time.Sleep(time.Second)
			for _, m := range c.Members {
				if got := instanceOf(t, m, "run"); got.State != membership.Draining {
					t.Errorf("%s was not told of the drain: it sees %v", m.Name(), got.State)
				}
			}
			wantNil(t, p.took(time.Minute-time.Second))
			c.AwaitViews(5*time.Second, c.Members, lacks("run"))
		})
	})
	t.Run("for those that do not", func(t *testing.T) {
		virtual(t, 3, func(t *testing.T, c *testcluster.Cluster) {
			p := newProcess(t, c).runs(hello, notToWait...)
			c.AwaitViews(settled, c.Members, members(4))
			c.Network.Cut(hosts(c.Members), []*testcluster.Host{p.host})
			wantNil(t, p.ends(0))
		})
	})
}
