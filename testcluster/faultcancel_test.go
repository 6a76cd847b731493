package testcluster_test

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/testcluster"
)

const closesWithin = 100 * time.Millisecond

// closesSoon closes a member and holds it to the time. That no goroutine is left is checked at the end of each cluster.
func closesSoon(t *testing.T, m *testcluster.Member) {
	t.Helper()
	begin := time.Now()
	m.Node.Close()
	if took := time.Since(begin); took > closesWithin {
		t.Errorf("Close took %v, want %v at most", took, closesWithin)
	}
	if err := m.Ready(t.Context()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Ready after Close = %v", err)
	}
}

// TestFault35_CloseDuringAttempts closes a member at many moments of its attempts to join seeds that are silent, some of
// them before it is dialled again.
func TestFault35_CloseDuringAttempts(t *testing.T) {
	for _, after := range []time.Duration{0, time.Millisecond, 999 * time.Millisecond, 3 * time.Second, 5 * time.Second, 5500 * time.Millisecond, time.Minute} {
		t.Run(after.String(), func(t *testing.T) {
			virtual(t, 0, func(t *testing.T, c *testcluster.Cluster) {
				var silent []string
				for range 20 { // more than are dialled at a time
					host := c.Network.Host()
					host.Vanish()
					silent = append(silent, host.Address().String())
				}
				m := c.Run(c.Network.Host(), cluster.Config{Name: "new", Join: silent})
				time.Sleep(after)
				closesSoon(t, m)
			})
		})
	}
}

// TestFault35_CloseDuringSeedProvider closes a member whose provider does nothing but wait for its context.
func TestFault35_CloseDuringSeedProvider(t *testing.T) {
	virtual(t, 1, func(t *testing.T, c *testcluster.Cluster) {
		var asked, told atomic.Int64
		provider := cluster.SeedFunc(func(ctx context.Context) ([]string, error) {
			asked.Add(1)
			<-ctx.Done()
			told.Add(1)
			return nil, ctx.Err()
		})
		m := c.Run(c.Network.Host(), cluster.Config{Name: "new", Join: []string{}, Seeds: []cluster.SeedProvider{provider}})
		for asked.Load() < 3 {
			time.Sleep(time.Second)
		}
		if asked.Load() == told.Load() {
			t.Error("the provider is not waiting, so that this tests nothing")
		}
		closesSoon(t, m)
		if asked.Load() != told.Load() {
			t.Errorf("of %d calls %d have returned", asked.Load(), told.Load())
		}
	})
}

// TestFault35_StartGivesUpDuringSeedProvider: Start ends with its context also while a provider does not answer.
func TestFault35_StartGivesUpDuringSeedProvider(t *testing.T) {
	virtual(t, 1, func(t *testing.T, c *testcluster.Cluster) {
		provider := cluster.SeedFunc(func(ctx context.Context) ([]string, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})
		begin := time.Now()
		config := c.Config(c.Network.Host(), cluster.Config{Name: "new", Join: []string{}, Seeds: []cluster.SeedProvider{provider}})
		node, err := cluster.Start(within(t, 300*time.Millisecond), config)
		if err == nil {
			node.Close()
		}
		if took := time.Since(begin); !errors.Is(err, context.DeadlineExceeded) || took > 300*time.Millisecond+closesWithin {
			t.Errorf("Start = %v after %v", err, took)
		}
	})
}

// TestFault35_CloseDuringSearch closes a member while it dials some that are missing and whose hosts are silent.
func TestFault35_CloseDuringSearch(t *testing.T) {
	for _, after := range []time.Duration{15 * time.Second, 16500 * time.Millisecond, 40 * time.Second} {
		t.Run(after.String(), func(t *testing.T) {
			virtual(t, 8, func(t *testing.T, c *testcluster.Cluster) {
				m := c.Members[0]
				for range 6 {
					c.Vanish(c.Members[1])
				}
				time.Sleep(after)
				closesSoon(t, m)
			})
		})
	}
}
