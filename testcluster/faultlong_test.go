package testcluster_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/testcluster"
)

const day = 24 * time.Hour

// TestFault3_LongPartition ends partitions that were so long that members beyond them were given up. They find each other
// again by a seed that is on one side, or without any: the only one that they had is gone for good.
func TestFault3_LongPartition(t *testing.T) {
	for _, tt := range []struct {
		lasts  time.Duration
		groups []int // how many members each has
	}{
		{45 * time.Second, []int{4, 4}},
		{45 * time.Second, []int{2, 3, 2}},
		{5 * time.Minute, []int{3, 3}},
		{5 * time.Minute, []int{3, 2, 1}},
	} {
		if len(tt.groups) > 2 && !*testcluster.Long {
			continue
		}
		t.Run(fmt.Sprint("a seed on one side, ", tt.lasts, tt.groups), func(t *testing.T) { partition(t, 1, tt.lasts, tt.groups, false) })
		t.Run(fmt.Sprint("no seed, ", tt.lasts, tt.groups), func(t *testing.T) { partition(t, 2, tt.lasts, tt.groups, true) })
	}
}

// TestFault3_PartitionOfADay is the same for longer than anybody remembers who is dead.
func TestFault3_PartitionOfADay(t *testing.T) {
	partition(t, 1, testcluster.Everyday(2*forgotten, day), []int{1, 1}, true)
}

func partition(t *testing.T, seed uint64, lasts time.Duration, sizes []int, gone bool) {
	synctest.Test(t, func(t *testing.T) {
		c := testcluster.Start(t, 0, append(plainEveryday(), testcluster.WithSeed(seed))...)
		groups := grouped(c, sizes, gone)
		c.Cut(groups...)
		time.Sleep(lasts)
		c.Heal()
		began := time.Now()
		c.AwaitConverged(afterHeal)
		t.Logf("a full view %v after the heal", time.Since(began))
		time.Sleep(time.Minute) // what was decided during the cut is carried out
		c.AwaitConverged(0)
	})
}

// keptWhenCutOff is for how long after its loss a member is listed again where all others are lost as well.
const keptWhenCutOff = 5 * time.Minute

// grouped runs groups of members that all see each other. The only seed that they have is the first of them, or gone.
func grouped(c *testcluster.Cluster, sizes []int, gone bool) (groups [][]*testcluster.Member) {
	seed := c.Run(c.Network.Host(), cluster.Config{Name: "seed", Insecure: true})
	for _, size := range sizes {
		var group []*testcluster.Member
		if len(groups) == 0 && !gone {
			group, size = append(group, seed), size-1
		}
		for range size {
			group = append(group, c.Run(c.Network.Host(), cluster.Config{
				Name: fmt.Sprintf("m%d", len(c.Members)), Join: []string{seed.Address()}, Insecure: true}))
		}
		groups = append(groups, group)
	}
	c.AwaitConverged(afterHeal)
	if gone {
		c.Vanish(seed)
		time.Sleep(keptWhenCutOff + time.Minute)
		c.AwaitConverged(0)
	}
	return groups
}
