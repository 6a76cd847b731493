package cluster_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/membership"
	"github.com/grapevine-go/grapevine/testcluster"
)

// TestFault16_NameTakenBySuspect has the first process be paused long enough for SWIM to suspect it. memberlist tells a
// newcomer nothing of those that it suspects.
func TestFault16_NameTakenBySuspect(t *testing.T) {
	sealed(t, 5, func(t *testing.T, c *testcluster.Cluster) {
		first := c.Members[3]
		c.Pause(first)
		time.Sleep(4 * time.Second)
		c.Resume(first)
		var taken *cluster.NameTakenError
		if _, err := c.TryRun(c.Network.Host(), named(first.Name())); !errors.As(err, &taken) {
			t.Errorf("the second starts with %v", err)
		}
		if err := first.Ready(t.Context()); err != nil {
			t.Errorf("the first is harmed: %v", err)
		}
	})
}

// TestFault16_TwoIslands has two processes take one name where neither can know of the other. One of them must go.
func TestFault16_TwoIslands(t *testing.T) {
	sealed(t, 4, func(t *testing.T, c *testcluster.Cluster) {
		all, a, b := c.Members, c.Network.Host(), c.Network.Host()
		c.Network.Cut(append(hosts(all[:2]), a), append(hosts(all[2:]), b))
		c.AwaitViews(time.Minute, all, members(2))
		var twins []*testcluster.Member
		for i, host := range []*testcluster.Host{a, b} {
			twin := c.Run(host, cluster.Config{Name: "twin", Join: []string{all[2*i].Address()}})
			mustRegister(t, twin, membership.Service{Name: "users", Address: host.Address().String()})
			twins = append(twins, twin)
		}
		c.Heal()
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		var taken *cluster.NameTakenError
		if errors.As(twins[0].Ready(t.Context()), &taken) == errors.As(twins[1].Ready(t.Context()), &taken) {
			t.Fatal("not one of two processes with one name has found it taken, but both or none")
		}
		c.AwaitViews(0, all, offers("users", taken.Address)) // the other's
	})
}

// TestFault16_FoundLater has the second process start while it can reach nobody: Start cannot know yet.
func TestFault16_FoundLater(t *testing.T) {
	sealed(t, 3, func(t *testing.T, c *testcluster.Cluster) {
		withUsers(t, c)
		first := c.Members[2]
		stop := stays(t, c.Members, "the first of its name", holds(first))
		host := c.Network.Host()
		c.Network.Cut([]*testcluster.Host{host}, hosts(c.Members))
		second, err := c.TryRun(host, named(first.Name()))
		if err != nil {
			t.Fatal(err)
		}
		c.Members = c.Members[:3]
		defer second.Close()
		c.Heal()
		var taken *cluster.NameTakenError
		if err := second.Ready(within(t, time.Minute)); !errors.As(err, &taken) {
			t.Errorf("Ready = %v", err)
		}
		if _, err := second.Register(membership.Service{Name: "users", Address: "second:80"}); !errors.As(err, &taken) {
			t.Errorf("Register = %v", err)
		}
		if err := second.Drain(t.Context()); !errors.As(err, &taken) {
			t.Errorf("Drain = %v", err)
		}
		if err := second.Node.Leave(t.Context()); !errors.As(err, &taken) {
			t.Errorf("Leave = %v", err)
		}
		for _, err := range []error{second.Drain(t.Context()), second.Ready(t.Context()), second.Node.Leave(t.Context())} {
			if !errors.Is(err, cluster.ErrClosed) {
				t.Errorf("after Leave: %v", err)
			}
		}
		time.Sleep(time.Minute)
		stop()
	})
}
