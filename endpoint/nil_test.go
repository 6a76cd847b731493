package endpoint

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/go-kit/log"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/membership"
)

// What a constructor cannot do without is a panic at once, in the caller's goroutine, that names
// it and the remedy.
func TestNilPanicsAtOnce(t *testing.T) {
	for name, tt := range map[string]struct {
		call func()
		says string
	}{
		"NewEndpointer, no view":    {func() { NewEndpointer(nil, "users", newServers().factory) }, "view is nil"},
		"NewEndpointer, no factory": {func() { NewEndpointer(newTown().View(), "users", nil) }, "factory is nil"},
		"NewInstancer":              {func() { NewInstancer(nil, "users") }, "view is nil"},
		"NewBalancer":               {func() { NewBalancer(nil, balancer.RoundRobin()) }, "Endpointer is nil"},
		"Retry":                     {func() { Retry(nil) }, "Balancer is nil"},
		"Hedge":                     {func() { Hedge(nil) }, "Balancer is nil"},
		"NewRegistrar": {
			func() { NewRegistrar(nil, membership.Service{}, log.NewNopLogger()) }, "registry is nil"},
		"CloseWhileDraining": {func() { CloseWhileDraining(nil, "a") }, "view is nil"},
		"CountHTTP":          {func() { CountHTTP(nil) }, "gauge is nil"},
		"Count":              {func() { Count(nil) }, "gauge is nil"},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				text, ok := recover().(string)
				constructor, _, _ := strings.Cut(name, ",")
				if !ok || !strings.HasPrefix(text, "endpoint: "+constructor+": ") || !strings.Contains(text, tt.says) ||
					strings.Count(text, ":") != 3 {
					t.Errorf("it panics with %q, want %q and the remedy", text, tt.says)
				}
			}()
			tt.call()
		})
	}
}

// Without a callback, an option or a policy the default holds.
func TestNilIsTheDefault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		users := newServers()
		users.answer(fail(errBroken), "a:80")
		e := endpointerOf(t, newTown("a", "b"), PerInstance(users.factory, nil), nil, Where(nil))
		unchanged := PerInstance(users.factory, func(string) Middleware { return nil })
		if made, _, err := unchanged("b:80"); err != nil || made == nil {
			t.Errorf("a middleware that is nil: %v", err)
		}
		if _, _, err := PerInstance(nil, nil)("b:80"); err == nil || !strings.Contains(err.Error(), "factory is nil") {
			t.Errorf("PerInstance without a factory: %v", err)
		}
		b := NewBalancer(e, first, nil, FailureIf(nil), FailureIfResponse(nil), With(nil))
		checkAnswer(t, Retry(b, nil, RetryIf(nil), Hedged(nil, HedgeIf(nil))), "b:80")
		if _, err := Hedge(b, nil, HedgeIf(nil))(t.Context(), nil); err != errBroken {
			t.Errorf("Hedge: %v", err)
		}
		if _, err := NewBalancer(e, nil).Endpoint(); err != nil {
			t.Errorf("without a policy: %v", err)
		}
		NewInstancer(newTown().View(), "users").Register(nil)
		NewRegistrar(refusing{}, membership.Service{Name: "users"}, nil).Register()
		CloseWhileDraining(newTown().View(), "a", nil)
		transport := &Transport{
			View:              newTown("a").View(),
			Base:              new(internet),
			Policy:            func() balancer.Policy { return nil },
			Middleware:        func(string) Middleware { return nil },
			EndpointerOptions: []EndpointerOption{nil},
			BalancerOptions:   []BalancerOption{nil},
			RetryOptions:      []RetryOption{nil},
		}
		if _, err := ask(t, transport, "GET", "http://users/", nil); err != nil {
			t.Errorf("Transport: %v", err)
		}
		transport.Close()
	})
}

type refusing struct{}

func (refusing) Register(membership.Service) (membership.Registration, error) { return nil, errBroken }
