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

// away takes members of a cluster away from the others until back is called.
type away func(c *testcluster.Cluster, groups [][]*testcluster.Member) (back func())

// cut has each group see only itself, and the first of them the rest of the cluster.
func cut(c *testcluster.Cluster, groups [][]*testcluster.Member) (back func()) {
	c.Cut(groups...)
	return c.Heal
}

// asleep stops all but the first group.
func asleep(c *testcluster.Cluster, groups [][]*testcluster.Member) (back func()) {
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

// TestFault58_BackAfterLong takes members away for longer than the others remember them, alone, in pairs and in groups, cut off and
// asleep. All list all of them again, and all that they offer, soon after they are back.
func TestFault58_BackAfterLong(t *testing.T) {
	const hourAndMore = 61 * time.Minute
	for _, tt := range []struct {
		lasts     time.Duration
		how       string
		away      away
		groups    []int // how many members each has
		peersFile bool
	}{
		{hourAndMore, "cut off", cut, []int{2, 1}, false},
		{hourAndMore, "cut off", cut, []int{2, 1}, true},
		{hourAndMore, "cut off", cut, []int{3, 1, 1}, false},
		{hourAndMore, "cut off", cut, []int{2, 2}, false},
		{hourAndMore, "cut off", cut, []int{3, 3}, true},
		{hourAndMore, "cut off", cut, []int{1, 1, 1}, false},
		{hourAndMore, "asleep", asleep, []int{2, 1}, false},
		{hourAndMore, "asleep", asleep, []int{2, 1}, true},
		{hourAndMore, "asleep", asleep, []int{2, 2}, false},
		{hourAndMore, "asleep", asleep, []int{9, 1}, false},
		{day, "cut off", cut, []int{2, 1}, false},
		{day, "asleep", asleep, []int{2, 1}, false},
		{10 * day, "cut off", cut, []int{2, 1}, false},
		{10 * day, "asleep", asleep, []int{2, 1}, false},
	} {
		name := fmt.Sprintf("%s %v %v", tt.how, tt.lasts, tt.groups)
		if tt.peersFile {
			name += " with a peers file"
		}
		if tt.lasts >= day && testing.Short() {
			continue
		}
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				folder := t.TempDir()
				c := testcluster.Start(t, 0, testcluster.WithConfig(func(i int, config *cluster.Config) {
					if tt.peersFile {
						config.PeersFile = filepath.Join(folder, fmt.Sprint(i))
					}
				}))
				var groups [][]*testcluster.Member
				for _, size := range tt.groups {
					var group []*testcluster.Member
					for range size {
						m := c.Add()
						if _, err := m.Register(membership.Service{Name: "users", Address: m.Host.IP().String() + ":80"}); err != nil {
							t.Fatal(err)
						}
						group = append(group, m)
					}
					groups = append(groups, group)
				}
				c.AwaitConverged(time.Minute)
				back := tt.away(c, groups)
				time.Sleep(tt.lasts)
				back()
				began := time.Now()
				c.AwaitConverged(afterHeal)
				c.AwaitViews(0, c.Members, func(s view) bool { return len(s.Available("users")) == len(c.Members) })
				t.Logf("all list all %v after they are back", time.Since(began))
				time.Sleep(time.Minute) // what was decided meanwhile is carried out
				c.AwaitConverged(0)
			})
		})
	}
}
