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
// name is never ready. Once the digest is there, the newcomer knows where the holder of the name
// lives, and asks it. Beyond a cut a holder counts as dead, as after a crash.
func TestFault16_NameTakenBeyondCut(t *testing.T) {
	const never, cutFor = time.Hour, 10 * time.Second
	start := func(t *testing.T, cutAfter time.Duration) (took time.Duration) {
		sealedOver(t, normal, func(t *testing.T, c *testcluster.Cluster) {
			grow(c, 2)
			c.AwaitConverged(time.Minute)
			members, host := hosts(c.Members), c.Network.Host()
			cut := time.AfterFunc(cutAfter, func() { c.Network.Cut(members, []*testcluster.Host{host}) })
			defer cut.Stop()
			heal := time.AfterFunc(cutAfter+cutFor, c.Network.Heal)
			defer heal.Stop()
			began := time.Now()
			second, err := c.TryRun(host, named("m2"))
			took = time.Since(began)
			if err == nil {
				err = second.Ready(within(t, time.Minute))
				second.Close()
				c.Members = c.Members[:2]
			}
			if taken := (*cluster.NameTakenError)(nil); !errors.As(err, &taken) {
				t.Errorf("the second starts with %v", err)
			}
		})
		return took
	}
	// How many messages a handshake and an exchange take is not the row: the last two of those of
	// an undisturbed start are the question to the holder and its answer.
	digestComes := start(t, never).Truncate(time.Millisecond) - 2*normal.Latency
	if digestComes < 10*time.Millisecond {
		t.Fatalf("the digest comes after %v already: the start was refused before the first exchange", digestComes)
	}
	for cutAfter := time.Duration(0); cutAfter < digestComes; cutAfter += time.Millisecond {
		t.Run(cutAfter.String(), func(t *testing.T) { start(t, cutAfter) })
	}
}
