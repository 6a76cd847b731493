package testcluster_test

import (
	"context"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/endpoint"
	"github.com/grapevine-go/grapevine/membership"
	"github.com/grapevine-go/grapevine/testcluster"
)

// works stand for the servers of users: each call takes 5 ms, or until its context ends where the process is paused.
type works struct {
	mu     sync.Mutex
	paused map[string]bool
	calls  map[string]int // since the last look, by address
	last   map[string]time.Time
}

func newWorks() *works {
	return &works{paused: make(map[string]bool), calls: make(map[string]int), last: make(map[string]time.Time)}
}

func (w *works) factory(address string) (endpoint.Endpoint, io.Closer, error) {
	return func(ctx context.Context, _ any) (any, error) {
		w.mu.Lock()
		w.calls[address]++
		w.last[address] = time.Now()
		paused := w.paused[address]
		w.mu.Unlock()
		if !paused {
			time.Sleep(5 * time.Millisecond)
			return nil, nil
		}
		<-ctx.Done()
		return nil, ctx.Err()
	}, nil, nil
}

func (w *works) pause(address string, paused bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.paused[address] = paused
}

// begun gives how many calls began at each address since the last time.
func (w *works) begun() map[string]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	calls := w.calls
	w.calls = make(map[string]int)
	return calls
}

// probing runs test with five members that offer users and count, and has the first of them call, each millisecond by another
// caller with much patience, so that no call is what finds out that a process stands still.
func probing(t *testing.T, test func(t *testing.T, c *testcluster.Cluster, w *works), options ...endpoint.BalancerOption) {
	t.Helper()
	offering(t, 5, func(t *testing.T, c *testcluster.Cluster) {
		w := newWorks()
		for _, m := range c.Members {
			countUsers(t, m, 0)
		}
		endpointer := endpoint.NewEndpointer(c.Members[0].View(), "users", w.factory)
		b := endpoint.NewBalancer(endpointer, balancer.LeastRequest(), options...)
		ctx, stop := context.WithCancel(t.Context())
		var callers sync.WaitGroup
		callers.Go(func() {
			for ctx.Err() == nil {
				time.Sleep(time.Millisecond)
				if call, err := b.Endpoint(); err == nil {
					callers.Go(func() { call(ctx, nil) })
				}
			}
		})
		defer endpointer.Close()
		defer callers.Wait()
		defer stop()
		time.Sleep(2 * time.Second)
		w.begun()
		test(t, c, w)
	})
}

func countUsers(t *testing.T, m *testcluster.Member, load int64) {
	t.Helper()
	if err := m.ReportLoad("users", func() int64 { return load }); err != nil {
		t.Fatal(err)
	}
}

func usersOf(m *testcluster.Member) string { return m.Host.IP().String() + ":80" }

// TestCallsGoWhereTheLoadIsLeast has other callers keep all members busy but one.
func TestCallsGoWhereTheLoadIsLeast(t *testing.T) {
	probing(t, func(t *testing.T, c *testcluster.Cluster, w *works) {
		idle := c.Members[3]
		for _, m := range except(c, idle) {
			countUsers(t, m, 50)
		}
		time.Sleep(time.Second)
		w.begun()
		time.Sleep(10 * time.Second)
		if calls := w.begun(); calls[usersOf(idle)] < 7000 {
			t.Errorf("%d of 10000 calls went to the one that is idle: %v", calls[usersOf(idle)], calls)
		}
	})
}

// TestFault10_SilentToProbes pauses a process. Its caller hears nothing from it, does not wait for SWIM, and has its node look.
func TestFault10_SilentToProbes(t *testing.T) {
	probing(t, func(t *testing.T, c *testcluster.Cluster, w *works) {
		paused := c.Members[3]
		w.pause(usersOf(paused), true)
		c.Pause(paused)
		began := time.Now()
		time.Sleep(500 * time.Millisecond)
		if snapshot := c.Members[0].View().Snapshot(); !calls(paused)(snapshot) {
			t.Error("its member was suspected before its caller could have been the first to notice")
		}
		w.begun()
		c.AwaitViews(500*time.Millisecond, c.Members[:1], not(calls(paused)))
		t.Logf("suspected after %v", time.Since(began))
		time.Sleep(10 * time.Second)
		if calls := w.begun(); calls[usersOf(paused)] > 0 {
			t.Errorf("%d calls went to one that had been silent for 500 ms", calls[usersOf(paused)])
		}
		why, _ := c.Members[0].View().Why(paused.Name())
		t.Logf("why: %s", why.Evidence)
	})
}

// TestProbesLost has one probe in five be lost: nobody is suspected.
func TestProbesLost(t *testing.T) {
	probing(t, func(t *testing.T, c *testcluster.Cluster, w *works) {
		c.Network.SetNormal(testcluster.Link{Latency: time.Millisecond, Loss: 0.1})
		defer throughout(t, c.Members, "calls all", func(s view) bool { return len(s.Available("users")) == 5 })()
		time.Sleep(time.Minute)
		for address, n := range w.begun() {
			if n < 9000 {
				t.Errorf("%s got %d of 60000 calls", address, n)
			}
		}
	})
}

// TestWithoutProbes holds that everything works without.
func TestWithoutProbes(t *testing.T) {
	probing(t, func(t *testing.T, c *testcluster.Cluster, w *works) {
		for _, m := range c.Members {
			if err := m.ReportLoad("users", nil); err != nil {
				t.Fatal(err)
			}
		}
		paused := c.Members[3]
		w.pause(usersOf(paused), true)
		c.Pause(paused)
		began := time.Now()
		c.AwaitViews(3*time.Second, except(c, paused), not(calls(paused)))
		t.Logf("suspected by all after %v", time.Since(began))
		w.begun()
		time.Sleep(time.Second)
		if calls := w.begun(); calls[usersOf(paused)] > 0 || len(calls) != 4 {
			t.Errorf("calls went to %v", calls)
		}
	}, endpoint.Probes(0))
}

// older is the network of a release that does not know load probes.
type older struct {
	*testcluster.Host
	packets chan *cluster.Packet
}

// plainKind is where a datagram that is not sealed says its kind, kindLoadQuestion that of a probe.
const (
	plainKind        = 9
	kindLoadQuestion = 14
)

// releaseBefore gives one that loses probes, and how many it has lost so far.
func releaseBefore(t *testing.T, host *testcluster.Host) (*older, *atomic.Int64) {
	o, lost := &older{host, make(chan *cluster.Packet)}, new(atomic.Int64)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	t.Cleanup(func() {
		stop()
		<-done
	})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			select {
			case packet := <-host.PacketCh():
				if packet.Buf[plainKind] == kindLoadQuestion {
					lost.Add(1)
					continue
				}
				select {
				case o.packets <- packet:
				case <-ctx.Done():
				}
			case <-ctx.Done():
			}
		}
	}()
	return o, lost
}

func (o *older) PacketCh() <-chan *cluster.Packet { return o.packets }

// TestFault31_ProbesOfAnOlderRelease has one member know no probes: it is called as the others are, and asked seldom.
func TestFault31_ProbesOfAnOlderRelease(t *testing.T) {
	virtual(t, 0, func(t *testing.T, c *testcluster.Cluster) {
		w, lost := newWorks(), new(atomic.Int64)
		for i := range 4 {
			host := c.Network.Host()
			config := cluster.Config{Name: fmt.Sprintf("m%d", i+1), Insecure: true}
			if i == 3 {
				config.Transport, lost = releaseBefore(t, host)
			}
			m := c.Run(host, config)
			countUsers(t, m, 0)
			if _, err := m.Register(membership.Service{Name: "users", Address: usersOf(m)}); err != nil {
				t.Fatal(err)
			}
		}
		c.AwaitConverged(time.Minute)
		endpointer := endpoint.NewEndpointer(c.Members[0].View(), "users", w.factory)
		defer endpointer.Close()
		b := endpoint.NewBalancer(endpointer, balancer.LeastRequest())
		time.Sleep(time.Second)
		for range 6000 {
			call, _ := b.Endpoint()
			if _, err := call(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
		}
		if calls := w.begun(); calls[usersOf(c.Members[3])] < 500 || lost.Load() < 1 || lost.Load() > 6 {
			t.Errorf("calls went to %v, and %d probes to the older member", calls, lost.Load())
		}
		c.AwaitConverged(0)
	})
}
