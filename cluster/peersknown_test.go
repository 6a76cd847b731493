package cluster_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/testcluster"
)

// TestFault19_FileHoldsWhoIsKnown follows the file of one member while others come, are killed and leave: who left is not
// looked for when this member starts again, who was killed is.
func TestFault19_FileHoldsWhoIsKnown(t *testing.T) {
	path := filepath.Join(t.TempDir(), "peers")
	virtual(t, 1, func(t *testing.T, c *testcluster.Cluster) {
		stays := c.Members[0].Address()
		m := c.Run(c.Network.Host(), cluster.Config{Name: "remembers", PeersFile: path})
		killed, leaver := c.Add(), c.Add()
		c.AwaitConverged(time.Second)
		time.Sleep(remembered)
		checkRemembered(t, path, stays, killed.Address(), leaver.Address())

		c.Kill(killed)
		if err := c.Leave(leaver); err != nil {
			t.Errorf("Leave = %v", err)
		}
		c.AwaitConverged(time.Minute)
		time.Sleep(remembered)
		checkRemembered(t, path, stays, killed.Address())

		late := c.Add()
		c.AwaitConverged(time.Second)
		m.Close() // long before the file is due
		checkRemembered(t, path, stays, killed.Address(), late.Address())
	})
}

// TestFault19_OwnLeaveForgetsNobody has a member leave together with all others, as in a shutdown of the cluster: their
// goodbyes do not make it forget where they were.
func TestFault19_OwnLeaveForgetsNobody(t *testing.T) {
	path := filepath.Join(t.TempDir(), "peers")
	virtual(t, 2, func(t *testing.T, c *testcluster.Cluster) {
		want := []string{c.Members[0].Address(), c.Members[1].Address()}
		m := c.Run(c.Network.Host(), cluster.Config{Name: "remembers", PeersFile: path})
		c.AwaitConverged(time.Second)
		left := make(chan error)
		for _, member := range c.Members {
			go func() { left <- member.Node.Leave(within(t, 5*time.Second)) }()
		}
		for range c.Members {
			<-left // that some had gone before they confirmed is no matter
		}
		m.Close()
		checkRemembered(t, path, want...)
	})
}

// TestFault26_RememberedPeersAreFound restarts a member without seeds, after a crash: the file is enough.
func TestFault26_RememberedPeersAreFound(t *testing.T) {
	path := filepath.Join(t.TempDir(), "peers")
	virtual(t, 3, func(t *testing.T, c *testcluster.Cluster) {
		m := c.Run(c.Network.Host(), cluster.Config{Name: "remembers", PeersFile: path})
		c.AwaitConverged(time.Second)
		time.Sleep(remembered)
		c.Kill(c.Members[0]) // one that is remembered is gone
		c.Kill(m)
		c.Run(c.Network.Host(), cluster.Config{Name: "remembers", PeersFile: path, Join: []string{}})
		c.AwaitConverged(time.Second)
	})
}
