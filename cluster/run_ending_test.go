package cluster_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/testcluster"
)

// wholeEnd is what the end of a process takes at most while no request is in flight.
const wholeEnd = 8 * time.Second

// buildPatience is how long a build may go on once the end was requested.
const buildPatience = 3 * time.Second

// disturbance happens to members just before a process is told to end, or some time before.
type disturbance struct {
	members, hit int // of members, beside the process that ends
	do           func(*testcluster.Cluster, *process, *testcluster.Member)
	unconfirmed  bool          // whether Run names members that have not confirmed
	limit        time.Duration // of the end
}

func pause(_ *testcluster.Cluster, _ *process, m *testcluster.Member) { m.Host.Pause() }

func cutOff(c *testcluster.Cluster, p *process, m *testcluster.Member) {
	c.Network.Cut([]*testcluster.Host{p.host}, []*testcluster.Host{m.Host})
}

func (d disturbance) test(t *testing.T, before time.Duration) {
	virtual(t, d.members, func(t *testing.T, c *testcluster.Cluster) {
		p := newProcess(t, c).runs(hello)
		c.AwaitViews(settled, c.Members, offers("users", p.opened[0].Addr().String()))
		time.Sleep(brief(10*time.Second, time.Minute))
		for _, m := range c.Members[d.members-d.hit:] {
			d.do(c, p, m)
		}
		time.Sleep(before)
		began := time.Now()
		p.end()
		err := <-p.result
		if took := time.Since(began); took > d.limit {
			t.Errorf("Run took %v to end, want %v at most", took, d.limit)
		}
		var unconfirmed *cluster.UnconfirmedError
		if named := errors.As(err, &unconfirmed); err != nil && !named || named && !d.unconfirmed {
			t.Errorf("Run = %v", err)
		}
		for _, m := range c.Members {
			m.Host.Resume()
		}
		c.Heal()
	})
}

// TestFault11_EndBesidePausedMembers ends a process while others do not answer, from that very
// moment, for a second, or for long enough to be suspected. An unresponsive member is no failure of
// the process that ends.
func TestFault11_EndBesidePausedMembers(t *testing.T) {
	const brief = 4 * time.Second
	for name, d := range map[string]disturbance{
		"one paused":          {4, 1, pause, false, brief},
		"the only one paused": {1, 1, pause, false, brief},
		"two of five paused":  {4, 2, pause, false, brief},
		"half paused":         {9, 5, pause, false, brief},
		"all others paused":   {4, 4, pause, true, wholeEnd},
		"one cut off":         {4, 1, cutOff, false, brief},
		"isolated":            {4, 4, cutOff, true, wholeEnd},
	} {
		moments := []time.Duration{0, 20 * time.Second}
		if *long {
			moments = append(moments, time.Second, 3*time.Second)
		}
		for _, before := range moments {
			t.Run(name+" for "+before.String(), func(t *testing.T) { d.test(t, before) })
		}
	}
}

// TestFault23_AllOthersEndAtOnce has all others be killed, or vanish, in the moment in which the
// process is told to end.
func TestFault23_AllOthersEndAtOnce(t *testing.T) {
	for name, d := range map[string]disturbance{
		"killed": {4, 4, func(_ *testcluster.Cluster, _ *process, m *testcluster.Member) { m.Host.Crash() }, false, 4 * time.Second},
		"vanish": {4, 4, func(_ *testcluster.Cluster, _ *process, m *testcluster.Member) { m.Host.Vanish() }, true, wholeEnd},
	} {
		t.Run(name, func(t *testing.T) { d.test(t, 0) })
	}
}

// lateHost is the host of a process that runs late, as one does that gets too little CPU time.
type lateHost struct {
	*testcluster.Host
	lag atomic.Int64
}

func (h *lateHost) Lag() time.Duration { return time.Duration(h.lag.Load()) }

// TestFault12_EndsLateBesideAPausedMember ends a process that runs late, and so cannot tell that a
// member is paused. That is no failure of its own.
func TestFault12_EndsLateBesideAPausedMember(t *testing.T) {
	virtual(t, 3, func(t *testing.T, c *testcluster.Cluster) {
		p := newProcess(t, c)
		late := &lateHost{Host: p.host}
		p.config.Transport = late
		p.runs(hello)
		c.AwaitViews(settled, c.Members, offers("users", p.opened[0].Addr().String()))
		time.Sleep(time.Minute)
		c.Members[2].Host.Pause()
		defer c.Members[2].Host.Resume()
		late.lag.Store(int64(100 * time.Millisecond))
		began := time.Now()
		p.end()
		wantNil(t, <-p.result)
		if took := time.Since(began); took > wholeEnd {
			t.Errorf("it took %v", took)
		}
	})
}

// TestRunLogsItsEnd has a member paused: the log states the end, and each step that goes on without
// that member.
func TestRunLogsItsEnd(t *testing.T) {
	virtual(t, 3, func(t *testing.T, c *testcluster.Cluster) {
		var log lines
		p := newProcess(t, c)
		p.config.Logger = zerolog.New(&log)
		p.runs(hello)
		time.Sleep(10 * time.Second)
		c.Members[2].Host.Pause()
		defer c.Members[2].Host.Resume()
		p.end()
		wantNil(t, <-p.result)
		all := log.since(t, 0)
		if !has(all, "cluster: draining, to end", "info") {
			t.Errorf("no line states the end: %v", all)
		}
		if !has(all, "cluster: going on without the suspected members: they hear of it once they answer", "warn", "error") {
			t.Errorf("no line states that a member is suspected: %v", all)
		}
	})
}

// TestDrainGivesUpTheSuspected names a paused member after about two seconds, and Leave does not
// wait for it again.
func TestDrainGivesUpTheSuspected(t *testing.T) {
	virtual(t, 5, func(t *testing.T, c *testcluster.Cluster) {
		withUsers(t, c)
		drained, paused := c.Members[0], c.Members[3]
		paused.Host.Pause()
		defer paused.Host.Resume()
		gaveUp := func(err error) {
			t.Helper()
			var unconfirmed *cluster.UnconfirmedError
			if !errors.As(err, &unconfirmed) || !slices.Equal(unconfirmed.Members, []string{"m4"}) || !errors.Is(err, cluster.ErrUnresponsive) {
				t.Errorf("got %v, want it to name m4 as unresponsive", err)
			}
		}
		began := time.Now()
		gaveUp(drained.Drain(within(t, time.Minute)))
		if took := time.Since(began); took < time.Second || took > 3*time.Second {
			t.Errorf("Drain took %v", took)
		}
		for _, m := range others(c, drained) {
			if m != paused && picks(m.View().Snapshot(), drained.Name()) {
				t.Errorf("%s still picks the drained instance", m.Name())
			}
		}
		began = time.Now()
		gaveUp(drained.Node.Leave(within(t, time.Minute)))
		if took := time.Since(began); took > time.Second {
			t.Errorf("Leave took %v", took)
		}
	})
}

// TestDrainWaitsForABriefPause has a member pause for a moment: it confirms after that.
func TestDrainWaitsForABriefPause(t *testing.T) {
	virtual(t, 5, func(t *testing.T, c *testcluster.Cluster) {
		withUsers(t, c)
		drained, paused := c.Members[0], c.Members[3]
		paused.Host.Pause()
		time.AfterFunc(1500*time.Millisecond, paused.Host.Resume)
		if err := drained.Drain(within(t, time.Minute)); err != nil {
			t.Errorf("Drain = %v", err)
		}
		if picks(paused.View().Snapshot(), drained.Name()) {
			t.Error("the member that was paused still picks the drained instance")
		}
	})
}

// TestRunEndsSlowlyForRequestsInFlight holds that a request in flight has its time although a
// member is paused.
func TestRunEndsSlowlyForRequestsInFlight(t *testing.T) {
	virtual(t, 3, func(t *testing.T, c *testcluster.Cluster) {
		p := newProcess(t, c).runs(slow(15 * time.Second))
		c.AwaitViews(settled, c.Members, offers("users", p.opened[0].Addr().String()))
		inFlight := get(c.Members[0])
		time.Sleep(time.Second)
		c.Members[2].Host.Pause()
		defer c.Members[2].Host.Resume()
		wantNil(t, p.ends(14*time.Second))
		wantAnswer(t, inFlight)
	})
}

// TestRunBuildIsToldToEnd has the end requested while build waits.
func TestRunBuildIsToldToEnd(t *testing.T) {
	for name, wait := range map[string]func(*cluster.Node) error{
		"in Ready":          func(n *cluster.Node) error { return n.Ready(context.Background()) },
		"for Context":       func(n *cluster.Node) error { <-n.Context().Done(); return context.Cause(n.Context()) },
		"for its error":     func(n *cluster.Node) error { <-n.Context().Done(); return n.Context().Err() },
		"and does not fail": func(n *cluster.Node) error { <-n.Context().Done(); return nil },
		"in its own time":   func(*cluster.Node) error { time.Sleep(2500 * time.Millisecond); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			virtual(t, 2, func(t *testing.T, c *testcluster.Cluster) {
				p := newProcess(t, c)
				c.Network.Cut(hosts(c.Members), []*testcluster.Host{p.host}) // so that it is not ready
				offer := p.offer("users", mustNotServe{t})
				p.run(func(node *cluster.Node) ([]cluster.Offer, error) { return []cluster.Offer{offer}, wait(node) })
				time.Sleep(2 * time.Second)
				p.end()
				if err := <-p.result; err != nil {
					t.Errorf("Run = %v", err)
				}
				if !p.opened[0].closed.Load() {
					t.Error("the listener is open")
				}
			})
		})
	}
}

// TestRunBuildTakesOfTheEnd has a build end in its own time, and all others vanish meanwhile: the
// whole end takes no longer for that.
func TestRunBuildTakesOfTheEnd(t *testing.T) {
	virtual(t, 3, func(t *testing.T, c *testcluster.Cluster) {
		p := newProcess(t, c).run(func(node *cluster.Node) ([]cluster.Offer, error) {
			<-node.Context().Done()
			time.Sleep(buildPatience - time.Millisecond)
			return nil, nil
		})
		c.AwaitViews(settled, c.Members, members(4))
		for _, m := range c.Members {
			m.Host.Vanish()
		}
		p.end()
		began := time.Now()
		<-p.result
		if took := time.Since(began); took > wholeEnd {
			t.Errorf("Run took %v to end, want %v at most", took, wholeEnd)
		}
	})
}

// TestRunBuildFailsAsItIsTold has a build that was told to end fail for another reason, which is an
// error.
func TestRunBuildFailsAsItIsTold(t *testing.T) {
	virtual(t, 1, func(t *testing.T, c *testcluster.Cluster) {
		p := newProcess(t, c).run(func(node *cluster.Node) ([]cluster.Offer, error) {
			<-node.Context().Done()
			return nil, errBuild
		})
		time.Sleep(time.Second)
		if err := p.ends(0); !errors.Is(err, errBuild) {
			t.Errorf("Run = %v, want %v", err, errBuild)
		}
	})
}

// TestRunBuildGoesOn has a build that heeds nothing: the process leaves without it, and the
// listener that comes late is closed.
func TestRunBuildGoesOn(t *testing.T) {
	virtual(t, 2, func(t *testing.T, c *testcluster.Cluster) {
		p := newProcess(t, c)
		offer, goesOn := p.offer("users", mustNotServe{t}), make(chan struct{})
		p.run(func(*cluster.Node) ([]cluster.Offer, error) {
			<-goesOn
			return []cluster.Offer{offer}, nil
		})
		c.AwaitViews(settled, c.Members, members(3))
		p.end()
		began := time.Now()
		err := <-p.result
		if took := time.Since(began); err == nil || took > wholeEnd {
			t.Errorf("Run = %v after %v", err, took)
		}
		c.AwaitViews(0, c.Members, lacks("run"))
		close(goesOn)
		time.Sleep(time.Millisecond)
		if !p.opened[0].closed.Load() {
			t.Error("the listener that came late is open")
		}
	})
}

// TestRunRefusesNil finds what is missing before a port is bound: the config is not looked at.
func TestRunRefusesNil(t *testing.T) {
	taken := cluster.Config{Bind: "nowhere"}
	wantFieldError(t, cluster.Run(t.Context(), taken, nil), "build", "nil")
	wantFieldError(t, cluster.Run(t.Context(), taken, offering(), cluster.Signals(), nil), "run option 2", "nil")
	for name, edit := range map[string]func(*cluster.Offer){
		"server":   func(o *cluster.Offer) { o.Server = (*http.Server)(nil) },
		"listener": func(o *cluster.Offer) { o.Listener = (*door)(nil) },
	} {
		virtual(t, 1, func(t *testing.T, c *testcluster.Cluster) {
			p := newProcess(t, c)
			offer := p.offer("users", mustNotServe{t})
			defer p.opened[0].Close()
			edit(&offer)
			p.run(offering(offer))
			wantFieldError(t, <-p.result, name+` of service "users"`, "nil")
		})
	}
}
