package testcluster_test

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/testcluster"
)

// startup is a member that is to be started.
type startup struct {
	ip     netip.Addr
	config cluster.Config
}

// startups are n members that are to be started, the first three of which are seeds. As yet, whoever dials them is refused.
func startups(c *testcluster.Cluster, n int) (all []startup, seeds []string) {
	for i := range n {
		host := c.Network.Host()
		host.Crash()
		all = append(all, startup{host.IP(), cluster.Config{Name: fmt.Sprintf("m%d", i+1)}})
		if i < 3 {
			seeds = append(seeds, host.Address().String())
		}
	}
	for i := range all {
		all[i].config.Join = seeds
	}
	return all, seeds
}

// together starts members at the same moment, and lists them in order.
func together(t *testing.T, c *testcluster.Cluster, all []startup) {
	t.Helper()
	members, errs := make([]*testcluster.Member, len(all)), make([]error, len(all))
	var starts sync.WaitGroup
	for i, one := range all {
		host := c.Network.HostAt(one.ip)
		config := c.Config(host, one.config)
		starts.Go(func() {
			node, err := cluster.Start(t.Context(), config)
			members[i], errs[i] = &testcluster.Member{Node: node, Host: host}, err
		})
	}
	starts.Wait()
	for i, m := range members {
		if errs[i] != nil {
			t.Fatalf("start %s: %v", all[i].config.Name, errs[i])
		}
		c.Members = append(c.Members, m)
	}
}

// restartable runs test on clusters of n members, with what is to be started where they were: in one cluster they have seeds,
// in the other only files, in dir, that hold their peers.
func restartable(t *testing.T, n int, test func(t *testing.T, c *testcluster.Cluster, dir string, all []startup)) {
	for _, means := range []string{"seeds", "a file of peers"} {
		t.Run("by "+means, func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				c := testcluster.Start(t, 0, plainEveryday()...)
				all, seeds := startups(c, n)
				if means != "seeds" {
					for i := range all {
						all[i].config.Join, all[i].config.PeersFile = []string{}, filepath.Join(dir, all[i].config.Name)
					}
				}
				first := slices.Clone(all)
				for i := range first {
					first[i].config.Join = seeds // once at least they must be told
				}
				together(t, c, first)
				c.AwaitConverged(afterHeal)
				time.Sleep(10 * time.Second) // the files are written
				test(t, c, dir, all)
			})
		})
	}
}
