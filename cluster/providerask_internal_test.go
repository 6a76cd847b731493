package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/grapevine-go/grapevine/membership"
)

// sour is an error that cannot say what it is.
type sour struct{}

func (*sour) Error() string { panic("nothing to say") }

func TestFault36_SeedProviderPanics(t *testing.T) {
	for name, tt := range map[string]struct {
		provider SeedProvider
		want     string
	}{
		"a value":      {SeedFunc(func(context.Context) ([]string, error) { panic("no such thing") }), "seed provider panicked: no such thing"},
		"no func":      {SeedFunc(nil), "seed provider panicked: runtime error: invalid memory address"},
		"no provider":  {nil, "seed provider panicked: runtime error: invalid memory address"},
		"panic(nil)":   {SeedFunc(func(context.Context) ([]string, error) { panic(nil) }), "seed provider panicked: "},
		"a sour value": {SeedFunc(func(context.Context) ([]string, error) { panic(&sour{}) }), "seed provider panicked: "},
		"a sour error": {SeedFunc(func(context.Context) ([]string, error) { return nil, &sour{} }), "seed provider: "},
		"a typed nil":  {SeedFunc(func(context.Context) ([]string, error) { return nil, (*membership.FieldError)(nil) }), "seed provider: "},
	} {
		t.Run(name, func(t *testing.T) {
			seeds, err := askSeeds(t.Context(), tt.provider)
			if text := fmt.Sprint(err); len(seeds) > 0 || err == nil || !strings.HasPrefix(err.Error(), tt.want) || strings.Contains(text, "\n") {
				t.Errorf("askSeeds = %q, %s, want %s", seeds, text, tt.want)
			}
		})
	}
}

func TestAskSeeds(t *testing.T) {
	sick := errors.New("sick")
	for name, tt := range map[string]struct {
		given  []string
		err    error
		want   []string
		reason string // empty means that there is no error
	}{
		"none":             {},
		"all well":         {given: []string{"a:1", "[::1]:2", "c.example.com.:3"}, want: []string{"a:1", "[::1]:2", "c.example.com.:3"}},
		"beside an error":  {given: []string{"a:1"}, err: sick, want: []string{"a:1"}, reason: "seed provider: sick"},
		"only an error":    {err: sick, reason: "seed provider: sick"},
		"one is bad":       {given: []string{"a:1", "b", "c:3"}, want: []string{"a:1", "c:3"}, reason: `seed "b": use host:port`},
		"port 0":           {given: []string{"a:0"}, reason: `seed "a:0": use a port`},
		"forges a line":    {given: []string{"a\nb:1"}, reason: `seed "a\nb:1": use printable`},
		"bad and an error": {given: []string{"b", "c:3"}, err: sick, want: []string{"c:3"}, reason: "seed provider: sick\nseed \"b\""},
	} {
		t.Run(name, func(t *testing.T) {
			seeds, err := askSeeds(t.Context(), SeedFunc(func(context.Context) ([]string, error) { return tt.given, tt.err }))
			if !slices.Equal(seeds, tt.want) {
				t.Errorf("askSeeds = %q, want %q", seeds, tt.want)
			}
			if (err == nil) != (tt.reason == "") || !strings.HasPrefix(fmt.Sprint(err), tt.reason) && err != nil {
				t.Errorf("askSeeds: %v, want %s", err, tt.reason)
			}
			if tt.err != nil && !errors.Is(err, tt.err) {
				t.Errorf("the provider's error is lost in %v", err)
			}
		})
	}
}

func TestAskSeedsBounds(t *testing.T) {
	many := slices.Repeat([]string{"a:1"}, mostSeeds)
	if seeds, err := askSeeds(t.Context(), StaticSeeds(many...)); len(seeds) != mostSeeds || err != nil {
		t.Errorf("%d seeds, %v, want all of %d", len(seeds), err, mostSeeds)
	}
	seeds, err := askSeeds(t.Context(), StaticSeeds(append(many, many...)...))
	if len(seeds) != mostSeeds || err == nil || !strings.Contains(err.Error(), "2048") {
		t.Errorf("%d seeds, %v, want %d of 2048", len(seeds), err, mostSeeds)
	}
	seeds, err = askSeeds(t.Context(), StaticSeeds(slices.Repeat([]string{"nonsense"}, 2*mostSeeds)...))
	if len(seeds) > 0 || err == nil || strings.Count(err.Error(), "\n") != mostFaults {
		t.Errorf("%d seeds, %v, want %d of the errors and the number of the others", len(seeds), err, mostFaults)
	}
}

// TestAskSeedsCopies: the slice stays the provider's, which may change it at any time.
func TestAskSeedsCopies(t *testing.T) {
	own := []string{"a:1"}
	seeds, _ := askSeeds(t.Context(), SeedFunc(func(context.Context) ([]string, error) { return own, nil }))
	own[0] = "changed"
	if !slices.Equal(seeds, []string{"a:1"}) {
		t.Errorf("the seeds are %q now", seeds)
	}
}
