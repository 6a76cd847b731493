package grpcendpoint

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/membership"
)

func TestSelections(t *testing.T) {
	for name, tt := range map[string]struct {
		options []Option
		want    string
	}{
		"none":      {nil, "[a:80 b:80 c:80]"},
		"a version": {[]Option{WithVersion("v2")}, "[b:80 c:80]"},
		"a tag too": {[]Option{WithVersion("v2"), WithTag("x")}, "[c:80]"},
		"panics":    {[]Option{Where(func(i membership.Instance) bool { return i.Tags[0] == "x" })}, "[c:80]"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				town := newTown(t, "a")
				town.join("b", membership.Service{Version: "v2"})
				town.join("c", membership.Service{Version: "v2", Tags: []string{"x"}})
				client := town.client(t, balancer.RoundRobin(), tt.options...)
				call(t, client)
				settle()
				got := town.called(t, client, 12)
				if names := fmt.Sprint(slices.Sorted(maps.Keys(got))); names != tt.want {
					t.Errorf("called %v, want %s", got, tt.want)
				}
			})
		})
	}
}

// This process, "me", is the second of three alike.
func TestSubset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		town := newTown(t, "a", "b", "c", "d", "e", "f")
		for _, name := range []string{"lane", "plaza"} {
			town.Apply(membership.Heard{Record: membership.Record{Name: name, Boot: membership.Boot{Number: 9, ID: 9}, Version: 1}},
				membership.Up{Name: name, BootID: 9})
		}
		client := town.client(t, balancer.RoundRobin(), Subset(2))
		call(t, client)
		settle()
		if got := town.called(t, client, 30); len(got) != 2 {
			t.Errorf("called %v, want two", got)
		}
	})
}
