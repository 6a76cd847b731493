package cluster_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/testcluster"
)

func TestFault21_SeedsDownAtStart(t *testing.T) {
	virtualOver(t, normal, func(t *testing.T, c *testcluster.Cluster) {
		seed := c.Network.Host()
		seed.Crash()
		begin := time.Now()
		m := c.Run(c.Network.Host(), cluster.Config{Name: "m1", Join: []string{seed.Address().String()}})
		if took := time.Since(begin); took > 100*time.Millisecond {
			t.Errorf("Start took %v to find that nobody is there", took)
		}
		err := m.Ready(within(t, time.Minute))
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "connection refused") ||
			!strings.Contains(err.Error(), seed.Address().String()) || strings.Contains(err.Error(), "\n") {
			t.Errorf("Ready = %v, want the end of the context and who refused", err)
		}
		mustRegister(t, m, users(m)) // to be told once somebody is there

		c.Run(c.Network.HostAt(seed.IP()), cluster.Config{Name: "seed", Join: []string{seed.Address().String()}})
		if err := m.Ready(within(t, 30*time.Second)); err != nil {
			t.Errorf("Ready with a seed = %v", err)
		}
		c.AwaitViews(time.Second, c.Members, both(members(2), offers("users", usersAddress(m))))
	})
}

func TestSilentSeed(t *testing.T) {
	virtualOver(t, normal, func(t *testing.T, c *testcluster.Cluster) {
		seed := c.Network.Host()
		seed.Vanish()
		begin := time.Now()
		m := c.Run(c.Network.Host(), cluster.Config{Name: "m1", Join: []string{seed.Address().String()}})
		if took := time.Since(begin); took != time.Second {
			t.Errorf("Start waited %v for a seed that is silent, want 1s", took)
		}
		if err := m.Ready(within(t, time.Minute)); !errors.Is(err, context.DeadlineExceeded) ||
			!strings.Contains(err.Error(), seed.Address().String()) {
			t.Errorf("Ready = %v, want the end of the context and who is silent", err)
		}
	})
}

// TestOneSeedIsEnough has one seed that refuses, one that is silent and one that is a member.
func TestOneSeedIsEnough(t *testing.T) {
	virtual(t, 2, func(t *testing.T, c *testcluster.Cluster) {
		refusing, silent := c.Network.Host(), c.Network.Host()
		refusing.Crash()
		silent.Vanish()
		begin := time.Now()
		c.Run(c.Network.Host(), cluster.Config{Name: "new",
			Join: []string{refusing.Address().String(), silent.Address().String(), c.Members[1].Address()}})
		c.AwaitViews(2*time.Second, c.Members, members(3))
		if took := time.Since(begin); took > time.Second {
			t.Errorf("it took %v to join past seeds that are down", took)
		}
	})
}

func TestReadyAtOnce(t *testing.T) {
	for name, join := range map[string][]string{
		"without seeds":      {},
		"as the only seed":   {"10.0.0.1:7946"},
		"as a seed by twice": {"10.0.0.1:7946", "10.0.0.1:7946"},
	} {
		t.Run(name, func(t *testing.T) {
			virtualOver(t, normal, func(t *testing.T, c *testcluster.Cluster) {
				begin := time.Now()
				m := c.Run(c.Network.Host(), cluster.Config{Name: "m1", Join: join})
				if err := m.Ready(t.Context()); err != nil || !time.Now().Equal(begin) {
					t.Errorf("Ready = %v after %v", err, time.Since(begin))
				}
				over, cancel := context.WithCancel(t.Context())
				cancel()
				for range 20 { // at once ever after, whatever the context says
					if err := m.Ready(over); err != nil {
						t.Fatalf("Ready of a node that is ready = %v", err)
					}
				}
			})
		})
	}
}

func TestStartWithContextDone(t *testing.T) {
	over, cancel := context.WithCancelCause(t.Context())
	why := errors.New("why")
	cancel(why)
	loopback, _ := occupied(t)
	for _, bind := range []string{"", loopback} { // no port is asked for
		if node, err := cluster.Start(over, cluster.Config{Bind: bind}); !errors.Is(err, why) {
			if err == nil {
				node.Close()
			}
			t.Errorf("Start = %v, want the cause of the context's end", err)
		}
	}
}

func TestStartGivesUpWithItsContext(t *testing.T) {
	virtualOver(t, normal, func(t *testing.T, c *testcluster.Cluster) {
		silent := c.Network.Host()
		silent.Vanish()
		config := c.Config(c.Network.Host(), cluster.Config{Name: "m1", Join: []string{silent.Address().String()}})
		begin := time.Now()
		if _, err := cluster.Start(within(t, 300*time.Millisecond), config); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Start = %v", err)
		}
		if took := time.Since(begin); took != 300*time.Millisecond {
			t.Errorf("Start gave up after %v", took)
		}
	})
}

// TestStartContextEndsLater: a context that Start no longer waits for does not matter to the node.
func TestStartContextEndsLater(t *testing.T) {
	virtual(t, 2, func(t *testing.T, c *testcluster.Cluster) {
		ctx, cancel := context.WithCancel(t.Context())
		host := c.Network.Host()
		node, err := cluster.Start(ctx, c.Config(host, named("new")))
		if err != nil {
			t.Fatal(err)
		}
		c.Members = append(c.Members, &testcluster.Member{Node: node, Host: host})
		cancel()
		synctest.Wait()
		c.AwaitConverged(time.Second)
	})
}
