package cluster_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/cluster/internal/peerfile"
	"github.com/grapevine-go/grapevine/testcluster"
)

// TestFault3_AmongManyWhoAreGone ends a partition between members who look for hundreds that were killed or whose hosts are
// gone, as after months of it: those who are still there are found in time.
func TestFault3_AmongManyWhoAreGone(t *testing.T) {
	const gone = 1000
	virtualOver(t, normal, func(t *testing.T, c *testcluster.Cluster) {
		var old []string
		for i := range gone {
			old = append(old, fmt.Sprintf("10.9.%d.%d:7946", i/250, 1+i%250))
		}
		seed := c.Add()
		for i := range 4 {
			path := filepath.Join(t.TempDir(), "peers")
			if err := peerfile.Write(path, "test", old); err != nil {
				t.Fatal(err)
			}
			c.Run(c.Network.Host(), cluster.Config{Name: fmt.Sprintf("n%d", i), Join: []string{seed.Address()}, PeersFile: path})
		}
		c.AwaitConverged(time.Minute)
		if err := c.Leave(seed); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		for range brief(1, 3) {
			c.Cut(c.Members[:1], c.Members[1:])
			time.Sleep(5 * time.Minute)
			c.Heal()
			began := time.Now()
			c.AwaitConverged(30 * time.Second)
			t.Logf("a full view %v after the heal", time.Since(began))
		}
	})
}
