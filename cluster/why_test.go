package cluster_test

import (
	"strings"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/membership"
	"github.com/grapevine-go/grapevine/testcluster"
)

// TestWhyOfThoseWhoWereThereBefore asks a newcomer what it makes of members that died, left and
// restarted before it came.
func TestWhyOfThoseWhoWereThereBefore(t *testing.T) {
	virtual(t, 5, func(t *testing.T, c *testcluster.Cluster) {
		dead, left, restarted := c.Members[2], c.Members[3], c.Members[4]
		c.Kill(dead)
		if err := c.Leave(left); err != nil {
			t.Fatal(err)
		}
		c.Restart(restarted)
		c.AwaitConverged(time.Minute)
		newcomer := c.Run(c.Network.Host(), named("new"))
		if err := newcomer.Ready(within(t, time.Minute)); err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]membership.Account{
			dead.Name():      {Standing: membership.StandingGone, Evidence: "others report it gone"},
			left.Name():      {Standing: membership.StandingLeft, Evidence: "it said goodbye"},
			restarted.Name(): {Standing: membership.StandingPresent, Evidence: ""}, // as it was met
			newcomer.Name():  {Standing: membership.StandingPresent, Evidence: "it is this process"},
		} {
			why, known := newcomer.View().Why(name)
			if !known || why.Standing != want.Standing || want.Evidence != "" && why.Evidence != want.Evidence || strings.Contains(why.Evidence, "boot") {
				t.Errorf("of %s: %v, %+v, want %s: %q", name, known, why, want.Standing, want.Evidence)
			}
		}
	})
}
