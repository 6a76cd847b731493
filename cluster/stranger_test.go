package cluster_test

import (
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/testcluster"
)

// TestFault37_Strangers has processes join that belong elsewhere: they see nobody, nobody sees them, and they are not
// ready. That each is told in one line and one metric is in TestFault37_OneLineOneMetric.
func TestFault37_Strangers(t *testing.T) {
	secret := cluster.NewSecret()
	home := cluster.Config{Cluster: "home", Secret: secret}
	for name, config := range map[string]cluster.Config{
		"another secret":                   {Cluster: "home", Secret: cluster.NewSecret()},
		"no secret":                        {Cluster: "home", Insecure: true},
		"another cluster":                  {Cluster: "other", Secret: secret},
		"another cluster, another secret":  {Cluster: "other", Secret: cluster.NewSecret()},
		"another cluster, without secrets": {Cluster: "other", Insecure: true},
	} {
		t.Run(name, func(t *testing.T) {
			sealedOver(t, normal, func(t *testing.T, c *testcluster.Cluster) {
				for _, name := range []string{"m1", "m2", "m3"} {
					home.Name = name
					c.Run(c.Network.Host(), home)
				}
				c.AwaitConverged(time.Minute)
				mine := c.Members
				stop := stays(t, mine, "but the members of this cluster", both(members(3), lacks("stranger")))
				config.Name = "stranger"
				stranger := c.Run(c.Network.Host(), config)
				c.Members = mine
				defer stranger.Close()
				mustRegister(t, stranger, users(stranger))
				if err := stranger.Ready(within(t, 2*time.Minute)); err == nil {
					t.Error("the stranger is ready")
				}
				stop()
				if got := stranger.View().Snapshot().Members(); len(got) != 1 {
					t.Errorf("the stranger sees %d members", len(got))
				}
			})
		})
	}
}
