package cluster_test

import (
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/membership"
	"github.com/grapevine-go/grapevine/testcluster"
)

// healed is within what a cluster is whole after a partition ends.
const healed = 30 * time.Second

// TestFault3_Partition cuts off two of five. That the cluster heals after minutes is owed to the seed alone, which is
// beyond the cut for those two: they dial it for ever. Two islands that each hold all of their seeds stay apart.
func TestFault3_Partition(t *testing.T) {
	for name, length := range map[string]time.Duration{
		"20 s": 20 * time.Second, "45 s": 45 * time.Second, "2 min": 2 * time.Minute, "10 min": 10 * time.Minute,
	} {
		t.Run(name, func(t *testing.T) {
			virtual(t, 5, func(t *testing.T, c *testcluster.Cluster) { cutOffTwo(t, c, length, healed) })
		})
	}
}

func cutOffTwo(t *testing.T, c *testcluster.Cluster, length, patience time.Duration) {
	t.Helper()
	withUsers(t, c)
	c.Network.Cut(hosts(c.Members[:3]), hosts(c.Members[3:]))
	time.Sleep(length)
	begin := time.Now()
	c.Heal()
	c.AwaitConverged(patience)
	t.Logf("cut for %v, whole %v after", length, time.Since(begin))
}

// TestFault3_ShortPartition ends when only one side has declared the other dead. That one does not dial whom it lost, and
// the other, which misses nobody, dials no seed: they meet again in memberlist's push/pull, once in half a minute with
// a member chosen at random.
func TestFault3_ShortPartition(t *testing.T) {
	virtual(t, 5, func(t *testing.T, c *testcluster.Cluster) { cutOffTwo(t, c, 10*time.Second, 5*time.Minute) })
}

// TestFault3_Alone cuts one member off from everybody: it serves what it knew last, says so, and recovers.
func TestFault3_Alone(t *testing.T) {
	virtual(t, 5, func(t *testing.T, c *testcluster.Cluster) {
		withUsers(t, c)
		all := c.Members[0].View().Snapshot().Addresses("users")
		alone := c.Members[3:4]
		rest := others(c, alone[0])
		c.Network.Cut(hosts(alone), hosts(rest))
		c.AwaitViews(time.Minute, alone, both(isolated, offers("users", all...)))
		stop := stays(t, alone, "all five instances", offers("users", all...))
		time.Sleep(time.Minute)
		c.AwaitViews(0, alone, isolated)
		c.AwaitViews(0, rest, both(members(4), lacks(alone[0].Name())))
		stop()
		c.Heal()
		c.AwaitConverged(healed)
	})
}

// TestFault4_OneWayCut lets nothing pass from one member to another. The way back, and all others, are open.
func TestFault4_OneWayCut(t *testing.T) {
	virtual(t, 5, func(t *testing.T, c *testcluster.Cluster) {
		withUsers(t, c)
		stop := stays(t, c.Members, "all five", members(5))
		c.Network.CutOneWay(hosts(c.Members[1:2]), hosts(c.Members[2:3]))
		time.Sleep(5 * time.Minute)
		news := membership.Service{Name: "orders", Address: "a:1"}
		mustRegister(t, c.Members[1], news)
		c.AwaitViews(prompt, others(c, c.Members[2]), offers("orders", "a:1"))
		c.AwaitViews(5*time.Minute, c.Members, offers("orders", "a:1")) // from others, in a push/pull each half a minute
		stop()
	})
}

func TestFault5_SlowLinks(t *testing.T) {
	slow := testcluster.Link{Latency: 100 * time.Millisecond, Jitter: 150 * time.Millisecond}
	virtualOver(t, slow, func(t *testing.T, c *testcluster.Cluster) {
		n := brief(6, 10)
		grow(c, n)
		c.AwaitConverged(time.Minute)
		time.Sleep(10 * time.Second) // each pair makes its keys, which takes up to three round trips of half a second
		withUsers(t, c)
		stop := stays(t, c.Members, "all of them", members(n))
		time.Sleep(brief(time.Minute, 3*time.Minute))
		stop()
	})
}

// TestFault17_OtherCluster has a member of another cluster where seeds point, and one where a member was that died.
func TestFault17_OtherCluster(t *testing.T) {
	virtual(t, 3, func(t *testing.T, c *testcluster.Cluster) {
		withUsers(t, c)
		killed := c.Members[2]
		c.Kill(killed)
		mine := c.Members
		stop := stays(t, mine, "but the members of this cluster", lacks("stranger"))
		stranger := c.Run(c.Network.HostAt(killed.Host.IP()), cluster.Config{Name: "stranger", Cluster: "other"})
		c.Members = mine
		defer stranger.Close()
		time.Sleep(2 * time.Minute)
		stop()
		c.AwaitConverged(0)
		if alone := stranger.View().Snapshot(); len(alone.Members()) != 1 || alone.Err() != nil {
			t.Errorf("the stranger sees %d members, %v", len(alone.Members()), alone.Err())
		}
	})
}
