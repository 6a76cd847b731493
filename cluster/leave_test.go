package cluster_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/membership"
	"github.com/grapevine-go/grapevine/testcluster"
)

func TestLeave(t *testing.T) {
	virtual(t, 10, func(t *testing.T, c *testcluster.Cluster) {
		withUsers(t, c)
		leaver := c.Members[6]
		rest := others(c, leaver)
		stop := stays(t, rest, "connected", not(isolated))
		left := make(chan error)
		go func() { left <- leaver.Node.Leave(t.Context()) }()
		c.AwaitViews(prompt, rest, both(lacks(leaver.Name()), members(9)))
		if err := <-left; err != nil {
			t.Errorf("Leave = %v", err)
		}
		gone := stays(t, rest, "without the one that left", both(lacks(leaver.Name()), members(9)))
		time.Sleep(2 * time.Minute)
		gone()
		stop()
		if err := leaver.Node.Leave(t.Context()); !errors.Is(err, cluster.ErrClosed) {
			t.Errorf("Leave again = %v", err)
		}
	})
}

// TestLeaveOfTheLastPeer: who is left alone by a goodbye is not cut off.
func TestLeaveOfTheLastPeer(t *testing.T) {
	virtual(t, 2, func(t *testing.T, c *testcluster.Cluster) {
		stop := stays(t, c.Members[:1], "connected", not(isolated))
		if err := c.Members[1].Node.Leave(t.Context()); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Minute)
		stop()
		c.AwaitViews(0, c.Members[:1], members(1))
	})
}

func TestLeaveAlone(t *testing.T) {
	virtual(t, 1, func(t *testing.T, c *testcluster.Cluster) {
		begin := time.Now()
		if err := c.Members[0].Node.Leave(t.Context()); err != nil || !time.Now().Equal(begin) {
			t.Errorf("Leave = %v after %v, with nobody to tell", err, time.Since(begin))
		}
	})
}

func TestLeaveNamesTheUnconfirmed(t *testing.T) {
	for name, tt := range map[string]struct{ patience, want time.Duration }{
		"context ends": {time.Second, time.Second},
		"5 s at most":  {time.Hour, 5 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			virtual(t, 3, func(t *testing.T, c *testcluster.Cluster) {
				c.Network.Cut(hosts(c.Members[:1]), hosts(c.Members[1:]))
				begin := time.Now()
				err := c.Members[0].Node.Leave(within(t, tt.patience))
				var unconfirmed *cluster.UnconfirmedError
				if !errors.As(err, &unconfirmed) || !slices.Equal(unconfirmed.Members, []string{"m2", "m3"}) ||
					!errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("Leave = %v", err)
				}
				if took := time.Since(begin).Round(time.Millisecond); took != tt.want {
					t.Errorf("Leave took %v, want %v", took, tt.want)
				}
				if _, err := c.Members[0].Register(membership.Service{}); !errors.Is(err, cluster.ErrClosed) {
					t.Errorf("a node that left takes %v", err)
				}
			})
		})
	}
}

// TestRollingRestart drains, stops and starts one member after the other. Nobody ever picks an instance that is not there.
func TestRollingRestart(t *testing.T) {
	virtual(t, 5, func(t *testing.T, c *testcluster.Cluster) {
		withUsers(t, c)
		for _, old := range slices.Clone(c.Members) {
			if err := old.Drain(within(t, time.Second)); err != nil {
				t.Fatalf("drain %s: %v", old.Name(), err)
			}
			stop := stays(t, others(c, old), "without the one that drained", func(s *membership.Snapshot) bool {
				return !picks(s, old.Name()) && len(s.Available("users")) == 4
			})
			if err := old.Node.Leave(within(t, time.Second)); err != nil {
				t.Fatalf("leave %s: %v", old.Name(), err)
			}
			stop()
			restarted := c.Restart(old)
			mustRegister(t, restarted, users(restarted))
			c.AwaitConverged(2 * time.Second)
		}
	})
}
