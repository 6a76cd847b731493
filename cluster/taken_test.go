package cluster_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/membership"
	"github.com/grapevine-go/grapevine/testcluster"
)

func TestFault16_NameTaken(t *testing.T) {
	virtual(t, 5, func(t *testing.T, c *testcluster.Cluster) {
		withUsers(t, c)
		first := c.Members[3]
		stop := stays(t, c.Members, "the first of its name", holds(first))
		begin := time.Now()
		_, err := c.TryRun(c.Network.Host(), named(first.Name()))
		var taken *cluster.NameTakenError
		if !errors.As(err, &taken) || taken.Name != first.Name() || taken.Address != first.Address() {
			t.Fatalf("the second starts with %v, want a NameTakenError for %s at %s", err, first.Name(), first.Address())
		}
		if took := time.Since(begin); took > 100*time.Millisecond || !strings.Contains(err.Error(), first.Address()) {
			t.Errorf("it took %v to say %v", took, err)
		}
		time.Sleep(2 * time.Minute)
		stop()
		if err := first.Drain(within(t, time.Second)); err != nil {
			t.Errorf("the first cannot drain: %v", err)
		}
	})
}

// holds says that m is listed where it is.
func holds(m *testcluster.Member) condition {
	self, _ := m.View().Snapshot().Member(m.Name())
	return func(s *membership.Snapshot) bool {
		got, ok := s.Member(m.Name())
		return ok && got.Boot == self.Boot && offers("users", s.Addresses("users")...)(s) && len(got.Services) == 1
	}
}

// TestFault16_NameTakenOverLoss repeats it where a third of the answers is missing. It may take longer than Start waits.
func TestFault16_NameTakenOverLoss(t *testing.T) {
	lossy := normal
	lossy.Loss = 0.2
	virtualOver(t, lossy, func(t *testing.T, c *testcluster.Cluster) {
		grow(c, 5)
		c.AwaitConverged(time.Minute)
		for range 10 {
			second, err := c.TryRun(c.Network.Host(), named("m4"))
			if err == nil {
				err = second.Ready(within(t, time.Minute))
				second.Close()
				c.Members = c.Members[:5]
			}
			var taken *cluster.NameTakenError
			if !errors.As(err, &taken) {
				t.Fatalf("the second starts with %v", err)
			}
		}
	})
}

// TestFault16_NameTakenBySuspect has the first process be paused long enough for SWIM to suspect it. memberlist tells a
// newcomer nothing of those that it suspects.
func TestFault16_NameTakenBySuspect(t *testing.T) {
	virtual(t, 5, func(t *testing.T, c *testcluster.Cluster) {
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
	virtual(t, 4, func(t *testing.T, c *testcluster.Cluster) {
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
	virtual(t, 3, func(t *testing.T, c *testcluster.Cluster) {
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
