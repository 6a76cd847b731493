package cluster_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/testcluster"
)

func TestConvergence(t *testing.T) {
	virtualOver(t, normal, func(t *testing.T, c *testcluster.Cluster) {
		grow(c, 10)
		c.AwaitViews(2*time.Second, c.Members, members(10))
		for _, m := range c.Members {
			self, ok := m.View().Snapshot().Member(m.Name())
			if !ok || self.Boot.Number != 1 {
				t.Errorf("%s sees itself as %+v", m.Name(), self)
			}
			if err := m.Ready(t.Context()); err != nil {
				t.Errorf("%s is not ready: %v", m.Name(), err)
			}
		}
	})
}

func TestFault24_MassJoin(t *testing.T) {
	virtualOver(t, normal, func(t *testing.T, c *testcluster.Cluster) {
		const n = 20
		seed := c.Add()
		joining := make([]*testcluster.Member, n)
		var started sync.WaitGroup
		for i := range joining {
			host := c.Network.Host()
			started.Go(func() {
				node, err := cluster.Start(t.Context(), c.Config(host, named(fmt.Sprintf("joining%d", i))))
				if err != nil {
					t.Errorf("start: %v", err)
					return
				}
				joining[i] = &testcluster.Member{Node: node, Host: host}
			})
		}
		started.Wait()
		if t.Failed() {
			t.FailNow()
		}
		c.Members = append(c.Members, joining...)
		mustRegister(t, joining[n-1], users(seed))
		c.AwaitViews(5*time.Second, c.Members, both(members(n+1), offers("users", usersAddress(seed))))
	})
}

func TestFault26_WholeClusterRestarts(t *testing.T) {
	virtual(t, 5, func(t *testing.T, c *testcluster.Cluster) {
		old := slices.Clone(c.Members)
		var seeds []string
		for _, m := range old {
			seeds = append(seeds, m.Address())
		}
		for _, m := range old {
			c.Kill(m)
		}
		time.Sleep(3 * time.Second)
		var addresses []string
		for _, m := range old {
			restarted := c.Run(c.Network.HostAt(m.Host.IP()), cluster.Config{Name: m.Name(), Join: seeds})
			mustRegister(t, restarted, users(restarted))
			addresses = append(addresses, usersAddress(restarted))
		}
		c.AwaitViews(30*time.Second, c.Members, both(members(5), offers("users", addresses...)))
	})
}
