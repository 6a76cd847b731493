package endpoint

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/membership"
)

// shelf has a, b, c and d: versions v1, v1, v2 and none, tagged x, x and y, y and nothing.
func shelf() *town {
	town := newTown("a", "b", "c", "d")
	for name, is := range map[string]struct {
		version string
		tags    []string
	}{"a": {"v1", []string{"x"}}, "b": {"v1", []string{"x", "y"}}, "c": {"v2", []string{"y"}}} {
		town.edit(name, func(r *membership.Record) { r.Services[0].Version, r.Services[0].Tags = is.version, is.tags })
	}
	return town
}

func TestFilters(t *testing.T) {
	in := func(names string) EndpointerOption {
		return Where(func(i membership.Instance) bool { return strings.Contains(names, i.Member) })
	}
	for name, tt := range map[string]struct {
		options []EndpointerOption
		want    string
	}{
		"none":              {nil, "[a:80 b:80 c:80 d:80]"},
		"a tag":             {[]EndpointerOption{WithTag("x")}, "[a:80 b:80]"},
		"two tags":          {[]EndpointerOption{WithTag("y", "x")}, "[b:80]"},
		"one tag, then one": {[]EndpointerOption{WithTag("x"), WithTag("y")}, "[b:80]"},
		"no tag":            {[]EndpointerOption{WithTag()}, "[a:80 b:80 c:80 d:80]"},
		"a version":         {[]EndpointerOption{WithVersion("v1")}, "[a:80 b:80]"},
		"no version":        {[]EndpointerOption{WithVersion("")}, "[d:80]"},
		"nothing left":      {[]EndpointerOption{WithVersion("v3")}, "[]"},
		"of one's own":      {[]EndpointerOption{in("bcd")}, "[b:80 c:80 d:80]"},
		"all three":         {[]EndpointerOption{in("bcd"), WithTag("y"), WithVersion("v2")}, "[c:80]"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				users := newServers()
				endpointer := endpointerOf(t, shelf(), users.factory, tt.options...)
				if got := callEach(t, endpointer); got != tt.want {
					t.Errorf("the endpoints are %s, want %s", got, tt.want)
				}
				if want := strings.Count(tt.want, ":"); len(users.made) != want {
					t.Errorf("factories ran for %v, want %d", users.made, want)
				}
			})
		})
	}
}

// An instance stays at its address and becomes another version.
func TestFilterFollowsARecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		town, users := shelf(), newServers()
		endpointer := endpointerOf(t, town, users.factory, WithVersion("v1"))
		become := func(version string) func(*membership.Record) {
			return func(r *membership.Record) { r.Services[0].Version = version }
		}
		for _, step := range []struct {
			name, version, want string
		}{
			{"a", "v2", "[b:80]"}, {"c", "v1", "[b:80 c:80]"}, {"b", "v2", "[c:80]"}, {"c", "", "[]"}, {"a", "v1", "[a:80]"},
		} {
			town.edit(step.name, become(step.version))
			synctest.Wait()
			if got := callEach(t, endpointer); got != step.want {
				t.Errorf("once %s is %s the endpoints are %s, want %s", step.name, step.version, got, step.want)
			}
		}
		users.check(t, "made", users.made, map[string]int{"a:80": 2, "b:80": 1, "c:80": 1})
		users.check(t, "closed", users.closed, map[string]int{"a:80": 1, "b:80": 1, "c:80": 1})
	})
}

// The last of a version goes on while it drains, although another version is active.
func TestFilterRanksWhatMatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		town := shelf()
		endpointer := endpointerOf(t, town, newServers().factory, WithVersion("v1"))
		for _, step := range []struct{ name, want string }{{"a", "[b:80]"}, {"b", "[a:80 b:80]"}} {
			town.edit(step.name, func(r *membership.Record) { r.State = membership.Draining })
			synctest.Wait()
			if got := callEach(t, endpointer); got != step.want {
				t.Errorf("once %s drains the endpoints are %s, want %s", step.name, got, step.want)
			}
		}
	})
}

func TestFilterThatPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		endpointer := endpointerOf(t, shelf(), newServers().factory, WithLogger(zerolog.New(&log)),
			Where(func(i membership.Instance) bool { return i.Tags[0] == "x" })) // d has none
		if got := callEach(t, endpointer); got != "[a:80 b:80]" {
			t.Errorf("the endpoints are %s, want [a:80 b:80]", got)
		}
		if strings.Count(log.String(), "filter panicked") != 1 || !strings.Contains(log.String(), `"instance":"d:80"`) {
			t.Errorf("the log says %s, want once that the filter panicked for d:80", log.String())
		}
	})
}
