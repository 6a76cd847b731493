package balancer

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/grapevine-go/grapevine/membership"
)

// city is a cluster that anybody in it may look at: its users are called by its shops.
type city struct {
	users, shops []string
	weights      []int // of the users, in turn
}

func cityOf(users, shops int) city {
	return city{users: numbers("user", users), shops: numbers("shop", shops), weights: []int{0}}
}

func numbers(kind string, n int) (names []string) {
	for i := range n {
		names = append(names, fmt.Sprintf("%s-%03d", kind, i))
	}
	return names
}

// seenBy is the view of one that may be in the city or not.
func (c city) seenBy(self string) *membership.Store {
	store := membership.NewStore(self)
	var changes []membership.Change
	add := func(name string, service membership.Service) {
		record := membership.Record{Name: name, Boot: membership.Boot{Number: 1, ID: 1}, Version: 1,
			Services: []membership.Service{service, {Name: "health", Address: name + ":81"}}}
		if len(name)%2 == 0 {
			slices.Reverse(record.Services)
		}
		changes = append(changes, membership.Heard{Record: record.Clone()}, membership.Up{Name: name, BootID: 1})
	}
	for i, name := range c.users {
		add(name, membership.Service{Name: "users", Address: name + ":80", Weight: c.weights[i%len(c.weights)]})
	}
	for _, name := range c.shops {
		add(name, membership.Service{Name: "shop", Address: name + ":80"})
	}
	store.Apply(changes...)
	return store
}

// usedBy gives the weights, by member, of what a shop connects to.
func (c city) usedBy(shop string, size int) map[string]int {
	view := c.seenBy(shop).View()
	used := make(map[string]int)
	for _, instance := range (&Selection{Size: size}).Of(view, view.Snapshot(), "users") {
		used[instance.Member] += instance.Weight
	}
	return used
}

// Every instance has as many callers as the others, to two, and with the weights the same share of the calls, to one in a hundred.
func TestSubsetsAreEven(t *testing.T) {
	for _, tt := range []struct{ users, shops, size int }{{30, 12, 5}, {12, 30, 5}, {100, 100, 20}, {17, 23, 7}, {50, 3, 20}} {
		for _, weights := range [][]int{{0}, {1}, {membership.MaxWeight}} {
			c := cityOf(tt.users, tt.shops)
			c.weights = weights
			callers, shares := make(map[string]int), make(map[string]float64)
			for _, shop := range c.shops {
				used, whole := c.usedBy(shop, tt.size), 0
				for _, weight := range used {
					whole += weight
				}
				for name, weight := range used {
					callers[name]++
					shares[name] += float64(weight) / float64(whole)
				}
				if len(used) < tt.size || len(used) > tt.size+tt.users/tt.shops+2 {
					t.Errorf("%+v: %s uses %d", tt, shop, len(used))
				}
			}
			counts := slices.Sorted(maps.Values(callers))
			if len(counts) != tt.users || counts[len(counts)-1]-counts[0] > 2 {
				t.Errorf("%+v, weights %v: the instances have %v callers", tt, weights, counts)
			}
			even := float64(tt.shops) / float64(tt.users)
			for name, share := range shares {
				if share < 0.99*even || share > 1.01*even {
					t.Errorf("%+v, weights %v: %s gets %.3f of the calls of one, want %.3f", tt, weights, name, share, even)
				}
			}
		}
	}
}

// However many there are: when one comes or goes, nobody opens more than a few connections.
func TestSubsetsChangeLittle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before := cityOf(rapid.IntRange(1, 40).Draw(t, "users"), rapid.IntRange(1, 40).Draw(t, "shops"))
		size, after := rapid.IntRange(1, 20).Draw(t, "size"), before
		if one := rapid.IntRange(0, len(before.users)-1).Draw(t, "of them"); rapid.Bool().Draw(t, "an instance") {
			after.users = slices.Delete(slices.Clone(before.users), one, one+1)
		} else {
			one %= len(before.shops)
			after.shops = slices.Delete(slices.Clone(before.shops), one, one+1)
		}
		if rapid.Bool().Draw(t, "it comes") {
			before, after = after, before
		}
		bound := 2*len(before.users)/max(min(len(before.shops), len(after.shops)), 1) + 2
		for _, shop := range before.shops {
			if !slices.Contains(after.shops, shop) {
				continue
			}
			old, opened := before.usedBy(shop, size), 0
			for name := range after.usedBy(shop, size) {
				if _, ok := old[name]; !ok {
					opened++
				}
			}
			if opened > bound {
				t.Fatalf("%d of %d by %d, then of %d by %d: %s opens %d", size, len(before.users), len(before.shops),
					len(after.users), len(after.shops), shop, opened)
			}
		}
	})
}

func TestWhoUsesAll(t *testing.T) {
	c := cityOf(20, 10)
	for name, tt := range map[string]struct {
		c    city
		self string
		size int
		want int
	}{
		"a shop":                   {c, "shop-003", 5, 6},
		"no size":                  {c, "shop-003", 0, 20},
		"a size below 0":           {c, "shop-003", -1, 20},
		"the size of all":          {c, "shop-003", 20, 20},
		"more than there are":      {c, "shop-003", 30, 20},
		"one that is no member":    {c, "stranger", 5, 20},
		"the only one of its kind": {cityOf(20, 1), "shop-000", 5, 20},
		"nobody is left to use":    {cityOf(0, 10), "shop-000", 5, 0},
	} {
		if got := len(tt.c.usedBy(tt.self, tt.size)); got != tt.want {
			t.Errorf("%s uses %d, want %d", name, got, tt.want)
		}
	}
}
