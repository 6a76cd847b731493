package testcluster_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/membership"
	"github.com/grapevine-go/grapevine/testcluster"
)

// takenAway takes members of a cluster away from the others until back is called.
type takenAway func(c *testcluster.Cluster, groups [][]*testcluster.Member) (back func())

// cutAway has each group see only itself.
func cutAway(c *testcluster.Cluster, groups [][]*testcluster.Member) (back func()) {
	c.Cut(groups...)
	return c.Heal
}

// putToSleep stops all but the first group.
func putToSleep(c *testcluster.Cluster, groups [][]*testcluster.Member) (back func()) {
	stopped := slices.Concat(groups[1:]...)
	for _, m := range stopped {
		c.Pause(m)
	}
	return func() {
		for _, m := range stopped {
			c.Resume(m)
		}
	}
}

// TestFault58_BackAfterLong takes members away for longer than the others remember them, alone, in
// pairs and in groups, cut off and asleep. All list all of them again, and all that they offer,
// soon after they are back.
func TestFault58_BackAfterLong(t *testing.T) {
	const hourAndMore = 61 * time.Minute
	type absence struct {
		lasts     time.Duration
		how       string
		away      takenAway
		groups    []int // how many members each has
		peersFile bool
	}
	absences := []absence{
		{hourAndMore, "cut off", cutAway, []int{2, 1}, false},
		{hourAndMore, "cut off", cutAway, []int{1, 1, 1}, false},
		{hourAndMore, "asleep", putToSleep, []int{2, 1}, true},
		{hourAndMore, "asleep", putToSleep, []int{2, 2}, false},
	}
	if *testcluster.Long {
		absences = append(absences,
			absence{hourAndMore, "cut off", cutAway, []int{2, 1}, true},
			absence{hourAndMore, "asleep", putToSleep, []int{2, 1}, false},
			absence{hourAndMore, "cut off", cutAway, []int{2, 1, 1}, false},
			absence{hourAndMore, "cut off", cutAway, []int{2, 2}, false},
			absence{hourAndMore, "cut off", cutAway, []int{2, 3}, true},
			absence{hourAndMore, "asleep", putToSleep, []int{5, 1}, false},
			absence{day, "cut off", cutAway, []int{2, 1}, false},
			absence{day, "asleep", putToSleep, []int{2, 1}, false},
			absence{10 * day, "cut off", cutAway, []int{2, 1}, false},
			absence{10 * day, "asleep", putToSleep, []int{2, 1}, false})
	}
	for _, tt := range absences {
		name := fmt.Sprint(tt.how, " ", tt.lasts, tt.groups)
		if tt.peersFile {
			name += " with a peers file"
		}
		t.Run(name, func(t *testing.T) { comeBack(t, tt.lasts, tt.away, tt.groups, tt.peersFile) })
	}
}

func comeBack(t *testing.T, lasts time.Duration, away takenAway, sizes []int, peersFile bool) {
	synctest.Test(t, func(t *testing.T) {
		folder := t.TempDir()
		c := testcluster.Start(t, 0, append(plainEveryday(), testcluster.WithConfig(func(i int, config *cluster.Config) {
			if lasts >= day { // which costs less so
				config.Insecure, config.Neighbours = true, -1
			}
			if peersFile {
				config.PeersFile = filepath.Join(folder, fmt.Sprint(i))
			}
		}))...)
		var groups [][]*testcluster.Member
		for _, size := range sizes {
			var group []*testcluster.Member
			for range size {
				group = append(group, c.Add())
			}
			groups = append(groups, group)
		}
		offerUsers(t, c)
		back := away(c, groups)
		time.Sleep(lasts)
		back()
		began := time.Now()
		c.AwaitConverged(afterHeal)
		c.AwaitViews(0, c.Members, func(s view) bool { return len(s.Available("users")) == len(c.Members) })
		t.Logf("all list all %v after they are back", time.Since(began))
		time.Sleep(time.Minute) // what was decided meanwhile is carried out
		c.AwaitConverged(0)
	})
}

// offerUsers has every member offer a service, and waits until all have heard of it.
func offerUsers(t *testing.T, c *testcluster.Cluster) {
	t.Helper()
	for _, m := range c.Members {
		if _, err := m.Register(membership.Service{Name: "users", Address: m.Host.IP().String() + ":80"}); err != nil {
			t.Fatal(err)
		}
	}
	c.AwaitConverged(time.Minute)
}

// TestFault58_OthersRestarted has two of the others restart while a member is away, one at once and
// one when its earlier boot is forgotten as well, so that it counts its boots from one again. All
// list all soon after the member is back, and no dead boot.
func TestFault58_OthersRestarted(t *testing.T) {
	virtual(t, 4, func(t *testing.T, c *testcluster.Cluster) {
		offerUsers(t, c)
		alone, early, late := c.Members[3], c.Members[2], c.Members[1]
		again, anew := c.Network.Host(), c.Network.Host()
		rest := append(hosts(except(c, alone)...), again, anew)
		c.Network.Cut(hosts(alone), rest)
		c.Kill(early)
		time.Sleep(time.Minute)
		c.Run(again, cluster.Config{Name: early.Name()})
		c.Kill(late)
		time.Sleep(forgotten)
		c.Run(anew, cluster.Config{Name: late.Name()})
		time.Sleep(forgotten)
		c.Heal()
		began := time.Now()
		c.AwaitConverged(afterHeal)
		t.Logf("all list all %v after it is back", time.Since(began))
		defer throughout(t, c.Members, "lists all", lists(c.Members...))()
		time.Sleep(tidings)
		c.AwaitConverged(0)
	})
}
