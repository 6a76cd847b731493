package endpoint

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/membership"
)

// shopping has so many instances of users, and so many shops, of which this process is the fifth.
func shopping(users, shops int) *town {
	town := newTown()
	for i := range users {
		town.join(fmt.Sprintf("user-%02d", i))
	}
	shop := func(r *membership.Record) { r.Services = []membership.Service{{Name: "shop", Address: r.Name + ":81"}} }
	town.edit("me", shop)
	for i := range shops - 1 {
		name := fmt.Sprintf("lane-%02d", i) // before "me"
		if i >= 4 {
			name = fmt.Sprintf("plaza-%02d", i)
		}
		town.join(name)
		town.edit(name, shop)
	}
	return town
}

// The whole way: factories run for the part alone, draining instances are replaced, and the weights reach the balancer.
func TestSubsetOfAnEndpointer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		town, users := shopping(23, 10), newServers()
		endpointer := endpointerOf(t, town, users.factory, Subset(5))
		var weights []int
		NewBalancer(endpointer, func(s *balancer.Set) balancer.Picker {
			weights = nil
			for _, candidate := range s.Candidates {
				weights = append(weights, candidate.Weight())
			}
			return first(s)
		})
		synctest.Wait()
		if slices.Sort(weights); len(users.made) != 8 || len(weights) != 8 || weights[1] == weights[7] || weights[2] != weights[7] {
			t.Errorf("%v are connected to, with weights %v, want 8, two of them less", users.made, weights)
		}
		drain := slices.Sorted(maps.Keys(users.made))[0][:len("user-00")]
		town.edit(drain, func(r *membership.Record) { r.State = membership.Draining })
		synctest.Wait()
		if endpoints, _ := endpointer.Endpoints(); len(endpoints) < 5 || users.closed[drain+":80"] != 1 {
			t.Errorf("once %s drains %d are left and %v closed, want 5 at least", drain, len(endpoints), users.closed)
		}
	})
}
