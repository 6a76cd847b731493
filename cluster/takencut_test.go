package cluster_test

import (
	"errors"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/testcluster"
)

// TestFault16_NameTakenBeyondCut cuts the first exchange with the seed after each millisecond, also
// where SWIM has told of the members and the seed's digest has not come. The second process of a
// name is never ready.
func TestFault16_NameTakenBeyondCut(t *testing.T) {
	// From here on the newcomer knows where the holder of the name lives, and asks it. Beyond a
	// cut a holder counts as dead, as after a crash.
	const digestComes = 25 * time.Millisecond
	const cutFor = 10 * time.Second
	for cutAfter := time.Duration(0); cutAfter < digestComes; cutAfter += time.Millisecond {
		t.Run(cutAfter.String(), func(t *testing.T) {
			virtualOver(t, normal, func(t *testing.T, c *testcluster.Cluster) {
				grow(c, 2)
				c.AwaitConverged(time.Minute)
				members, host := hosts(c.Members), c.Network.Host()
				cut := time.AfterFunc(cutAfter, func() { c.Network.Cut(members, []*testcluster.Host{host}) })
				defer cut.Stop()
				heal := time.AfterFunc(cutAfter+cutFor, c.Network.Heal)
				defer heal.Stop()
				second, err := c.TryRun(host, named("m2"))
				if err == nil {
					err = second.Ready(within(t, time.Minute))
					second.Close()
					c.Members = c.Members[:2]
				}
				if taken := (*cluster.NameTakenError)(nil); !errors.As(err, &taken) {
					t.Errorf("the second starts with %v", err)
				}
			})
		})
	}
}
