package endpoint

import (
	"testing"
	"testing/synctest"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/membership"
)

// endpointerOf is, in a bubble, an Endpointer that is closed at the end and has made what it could.
func endpointerOf(t *testing.T, town *town, factory Factory, options ...EndpointerOption) *Endpointer {
	endpointer := NewEndpointer(town.View(), "users", factory, options...)
	t.Cleanup(endpointer.Close)
	synctest.Wait()
	return endpointer
}

func TestEndpointerFollowsTheView(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		town, users := newTown("b", "a"), newServers()
		endpointer := endpointerOf(t, town, users.factory)
		for _, step := range []struct {
			change func()
			want   string
		}{
			{func() {}, "[a:80 b:80]"},
			{func() { town.join("c") }, "[a:80 b:80 c:80]"},
			{func() { town.edit("a", func(r *membership.Record) { r.State = membership.Draining }) }, "[b:80 c:80]"},
			{func() { town.leave("a", "b", "c") }, "[]"},
			{func() { town.join("a") }, "[a:80]"},
		} {
			step.change()
			synctest.Wait()
			if got := callEach(t, endpointer); got != step.want {
				t.Errorf("the endpoints are %s, want %s", got, step.want)
			}
		}
		users.check(t, "made", users.made, map[string]int{"a:80": 2, "b:80": 1, "c:80": 1})
		users.check(t, "closed", users.closed, map[string]int{"a:80": 1, "b:80": 1, "c:80": 1})
	})
}

func TestIsolationKeepsTheEndpoints(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		town, users := newTown("a", "b"), newServers()
		endpointer := endpointerOf(t, town, users.factory)
		town.lose("a", "b")
		synctest.Wait()
		if got := callEach(t, endpointer); got != "[a:80 b:80]" {
			t.Errorf("the endpoints are %s, want [a:80 b:80]", got)
		}
		users.check(t, "closed", users.closed, nil)
	})
}

// One client serves an address: of all members that share it, of all balancers, and whatever else changes.
func TestOneClientForEachAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		town, users := newTown("a", "b"), newServers()
		town.edit("b", func(r *membership.Record) { r.Services[0].Address = "a:80" })
		endpointer := endpointerOf(t, town, users.factory)
		for range 3 {
			endpoint, err := NewBalancer(endpointer, balancer.RoundRobin()).Endpoint()
			if err != nil {
				t.Fatal(err)
			}
			endpoint(t.Context(), nil)
		}
		town.edit("a", func(r *membership.Record) { r.Services[0].Weight = 7 })
		synctest.Wait()
		town.leave("a")
		synctest.Wait()
		town.join("a")
		synctest.Wait()
		users.check(t, "made", users.made, map[string]int{"a:80": 1})
		users.check(t, "called", users.called, map[string]int{"a:80": 3})
		users.check(t, "closed", users.closed, nil)
	})
}
