package testcluster_test

import (
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/testcluster"
)

// TestFault3_PartitionHalfNoticed ends partitions about when the members notice them: some were given up, others not, so
// that those who were given up have no reason to look for anybody. Two of three seeds go without a secret, for the sake of
// the time that a thousand handshakes take under the race detector.
func TestFault3_PartitionHalfNoticed(t *testing.T) {
	seeds, step := uint64(3), 500*time.Millisecond
	if testing.Short() {
		seeds, step = 1, 1500*time.Millisecond
	}
	for seed := range seeds {
		insecure := testcluster.WithConfig(func(_ int, config *cluster.Config) { config.Insecure = seed > 0 })
		for lasts := 5 * time.Second; lasts <= 14*time.Second; lasts += step {
			t.Run(lasts.String(), func(t *testing.T) {
				virtual(t, 10, func(t *testing.T, c *testcluster.Cluster) {
					c.Cut(c.Members[:5], c.Members[5:])
					time.Sleep(lasts)
					c.Heal()
					time.Sleep(10 * time.Second) // what was decided during the cut is carried out
					c.AwaitConverged(afterHeal - 10*time.Second)
				}, testcluster.WithSeed(seed+1), insecure)
			})
		}
	}
}
