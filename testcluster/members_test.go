package testcluster_test

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/testcluster"
)

func TestStartOnRealTime(t *testing.T) {
	c := testcluster.Start(t, 3)
	c.AwaitConverged(30 * time.Second)
	c.Close()
	c.Close() // is no other than once
	if len(c.Members) > 0 {
		t.Errorf("%d members run after Close", len(c.Members))
	}
}

func TestWithConfig(t *testing.T) {
	edit := func(i int, config *cluster.Config) {
		config.Name, config.Zone = fmt.Sprintf("%s-%d", config.Name, i), fmt.Sprintf("zone-%d", i%2)
	}
	virtual(t, 3, func(t *testing.T, c *testcluster.Cluster) {
		c.Add()
		c.AwaitConverged(time.Minute)
		var got []string
		for _, m := range c.Members[0].View().Snapshot().Members() {
			got = append(got, m.Name+" in "+m.Zone)
		}
		if want := "[m1-0 in zone-0 m2-1 in zone-1 m3-2 in zone-0 m4-3 in zone-1]"; fmt.Sprint(got) != want {
			t.Errorf("members %v, want %s", got, want)
		}
	}, testcluster.WithConfig(edit))
}

// TestEnds holds what the others see of each way to end, and how soon.
func TestEnds(t *testing.T) {
	for name, tt := range map[string]struct {
		end    func(*testing.T, *testcluster.Cluster, *testcluster.Member)
		within time.Duration
	}{
		"kill":   {func(_ *testing.T, c *testcluster.Cluster, m *testcluster.Member) { c.Kill(m) }, 15 * time.Second},
		"vanish": {func(_ *testing.T, c *testcluster.Cluster, m *testcluster.Member) { c.Vanish(m) }, 15 * time.Second},
		"leave": {func(t *testing.T, c *testcluster.Cluster, m *testcluster.Member) {
			if err := c.Leave(m); err != nil {
				t.Errorf("leave: %v", err)
			}
		}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			virtual(t, 5, func(t *testing.T, c *testcluster.Cluster) {
				m := c.Members[2]
				tt.end(t, c, m)
				if len(c.Members) != 4 || c.Members[2].Name() != "m4" {
					t.Errorf("%d members run, m3 is %s", len(c.Members), c.Members[2].Name())
				}
				c.AwaitConverged(tt.within)
			})
		})
	}
}

func TestPauseAndResume(t *testing.T) {
	virtual(t, 5, func(t *testing.T, c *testcluster.Cluster) {
		m := c.Members[2]
		c.Pause(m)
		c.AwaitViews(30*time.Second, except(c, m), lacks(m.Name()))
		c.Resume(m)
		c.AwaitConverged(time.Minute)
	})
}

// TestRestarts holds that a service comes along, under whatever name and address the member has then.
func TestRestarts(t *testing.T) {
	for name, tt := range map[string]struct {
		restart          func(*testcluster.Cluster, *testcluster.Member) *testcluster.Member
		member, instance string
	}{
		"elsewhere": {(*testcluster.Cluster).Restart, "m3", "10.0.0.6"},
		"in place":  {(*testcluster.Cluster).RestartInPlace, "m3", "10.0.0.3"},
		"replaced": {func(c *testcluster.Cluster, m *testcluster.Member) *testcluster.Member {
			return c.Replace(m, "successor")
		}, "successor", "10.0.0.3"},
	} {
		t.Run(name, func(t *testing.T) {
			virtual(t, 5, func(t *testing.T, c *testcluster.Cluster) {
				m := tt.restart(c, c.Members[2])
				if m.Name() != tt.member || m.Host.IP().String() != tt.instance || len(c.Members) != 5 {
					t.Errorf("%s runs at %v, of %d", m.Name(), m.Host.IP(), len(c.Members))
				}
				c.AwaitConverged(time.Minute)
				if got := len(c.Members[0].View().Snapshot().Instances("nothing")); got != 5 {
					t.Errorf("%d instances, want 5", got)
				}
				again := tt.restart(c, m) // and what was restarted can be again
				c.AwaitConverged(time.Minute)
				if again.Name() != tt.member {
					t.Errorf("restarted twice, it is %s", again.Name())
				}
			}, testcluster.WithService("nothing", func(*testcluster.Member) http.Handler { return http.NotFoundHandler() }))
		})
	}
}

func TestCutIntoThree(t *testing.T) {
	virtual(t, 7, func(t *testing.T, c *testcluster.Cluster) {
		groups := [][]*testcluster.Member{c.Members[:2], c.Members[2:4], c.Members[4:]}
		c.Cut(groups...)
		for _, group := range groups {
			c.AwaitViews(time.Minute, group, func(s view) bool {
				return len(s.Members()) == len(group) && lists(group...)(s)
			})
		}
		c.Heal()
		c.AwaitConverged(time.Minute)
	})
}

// TestStartInABubbleLeavesNothing holds that a test needs no waiting of its own at its end.
func TestStartInABubbleLeavesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { testcluster.Start(t, 3) })
}
