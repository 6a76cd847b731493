package testcluster_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/testcluster"
)

// TestFault3_IslandsFromTheStart has members start while they are cut off from each other, so that none of them has ever heard
// of those beyond the cut, except for the addresses of some that it was given as seeds.
func TestFault3_IslandsFromTheStart(t *testing.T) {
	for name, tt := range map[string]struct {
		islands []int             // of which of them each member is
		seeds   func(i int) []int // which members member i was given
	}{
		"two, one seed in each":       {[]int{0, 0, 0, 1, 1, 1}, func(int) []int { return []int{0, 3} }},
		"two, with crosswise seeds":   {[]int{0, 0, 0, 1, 1, 1}, func(i int) []int { return [][]int{{3}, {0}, {0}, {0}, {3}, {3}}[i] }},
		"two, all seeds in one":       {[]int{0, 0, 0, 1, 1, 1}, func(i int) []int { return [][]int{{}, {0}, {0}, {0, 1}, {3, 0}, {3}}[i] }},
		"two, only one knows another": {[]int{0, 0, 0, 1, 1, 1}, func(i int) []int { return [][]int{{}, {0}, {0}, {}, {3}, {3, 1}}[i] }},
		"three":                       {[]int{0, 0, 1, 1, 2, 2}, func(int) []int { return []int{0, 2, 4} }},
		"each alone":                  {[]int{0, 1, 2, 3, 4, 5}, func(int) []int { return []int{0, 1, 2} }},
		"each alone, in a ring":       {[]int{0, 1, 2, 3, 4, 5}, func(i int) []int { return []int{(i + 1) % 6} }},
	} {
		for seed := range testcluster.Everyday(uint64(1), 2) {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					c := testcluster.Start(t, 0, append(plainEveryday(), testcluster.WithSeed(seed))...)
					all, _ := startups(c, len(tt.islands))
					beyond := make(map[int][]*testcluster.Host)
					for i, island := range tt.islands {
						all[i].config.Join = []string{}
						for _, other := range tt.seeds(i) {
							all[i].config.Join = append(all[i].config.Join, fmt.Sprint(all[other].ip, ":7946"))
						}
						host := c.Network.HostAt(all[i].ip)
						beyond[island] = append(beyond[island], host)
					}
					for a := range beyond {
						for b := range a {
							c.Network.Cut(beyond[a], beyond[b])
						}
					}
					together(t, c, all)
					time.Sleep(time.Duration(1+2*seed) * time.Minute)
					for i, m := range c.Members {
						if listed := len(m.View().Snapshot().Members()); listed != len(beyond[tt.islands[i]]) {
							t.Errorf("%s lists %d members before the heal", m.Name(), listed)
						}
					}
					c.Heal()
					began := time.Now()
					c.AwaitConverged(afterHeal)
					t.Logf("a full view %v after the heal", time.Since(began))
				})
			})
		}
	}
}
