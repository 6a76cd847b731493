package testcluster_test

import (
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/testcluster"
)

// TestFault3_PartitionHalfNoticed ends partitions about when the members notice them: some were given up, others not, so
// that members that were given up have no reason to look for others. Only the first seed of the long run has a secret,
// as a thousand handshakes take long under the race detector.
func TestFault3_PartitionHalfNoticed(t *testing.T) {
	const resolution = 500 * time.Millisecond
	seeds, step := testcluster.Everyday(uint64(2), 3), testcluster.Everyday(3*resolution, resolution)
	if testing.Short() {
		seeds = 1
	}
	for seed := range seeds {
		shortest := 5 * time.Second
		if step > resolution {
			shortest += time.Duration(seed) * resolution // between those of the seed before
		}
		insecure := testcluster.WithConfig(func(_ int, config *cluster.Config) { config.Insecure = seed > 0 })
		for lasts := shortest; lasts <= 14*time.Second; lasts += step {
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
