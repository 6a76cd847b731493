package endpoint

import (
	"io"
	"maps"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/grapevine-go/grapevine/balancer"
)

// Go kit holds its lock while it runs a factory, and runs one after the other.
func TestFactoryThatBlocksHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		town, users, release := newTown("a", "b"), newServers(), make(chan struct{})
		endpointer := endpointerOf(t, town, func(address string) (Endpoint, io.Closer, error) {
			if address == "a:80" {
				<-release
			}
			return users.factory(address)
		})
		balancer := NewBalancer(endpointer, balancer.RoundRobin())
		for _, want := range []string{"[b:80]", "[b:80 c:80]"} {
			if got := callEach(t, endpointer); got != want {
				t.Errorf("the endpoints are %s while one is being made, want %s", got, want)
			}
			if answer, _, ending := balancer.try(t.Context(), nil, nil, inPlace); ending.err != nil {
				t.Errorf("call = %v, %v", answer, ending.err)
			}
			town.join("c")
			synctest.Wait()
		}
		close(release)
		synctest.Wait()
		if got, want := callEach(t, endpointer), "[a:80 b:80 c:80]"; got != want {
			t.Errorf("the endpoints are %s at last, want %s", got, want)
		}
	})
}

// To publish costs as much as there are instances, so it must not be done for each of them: here everybody has connected
// while the first is being published.
func TestManyInstancesArePublishedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		names, _ := names(20)
		users, gate := newServers(), make(chan struct{})
		endpointer := endpointerOf(t, newTown(names...), func(address string) (Endpoint, io.Closer, error) {
			<-gate
			return users.factory(address)
		})
		var sizes []int
		endpointer.subscribe(func(clients []*client) {
			sizes = append(sizes, len(clients))
			for len(sizes) == 2 && slices.ContainsFunc(slices.Collect(maps.Values(endpointer.clients)), unconnected) {
				runtime.Gosched()
			}
		})
		close(gate)
		synctest.Wait()
		if len(sizes) > 3 || sizes[len(sizes)-1] != 20 {
			t.Errorf("published %d instances one after the other, want all 20 with the second or third", sizes)
		}
	})
}

func unconnected(c *client) bool { return !c.connected() }
