package endpoint

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-kit/kit/sd/lb"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/membership"
)

// errNoCertificate is a factory's error.
var errNoCertificate = &userError{9}

func noCertificate(string) (Endpoint, io.Closer, error) { return nil, nil, errNoCertificate }

// An error that there is no endpoint names the service and the cause, whichever way the call goes.
func TestNoEndpoints(t *testing.T) {
	stuck := make(chan struct{})
	for name, tt := range map[string]struct {
		members []string
		prepare func(*town)
		factory Factory
		options []EndpointerOption
		cause   NoEndpointsCause
		is      error
		kit     error // of Balancer.Endpoint, if it is ErrNoEndpoints itself
	}{
		"nobody offers it": {
			[]string{"a"}, func(town *town) { town.edit("a", noServices) }, newServers().factory, nil,
			NotOffered, nil, lb.ErrNoEndpoints},
		"not connected yet": {nil, nil, newServers().factory, nil, NotConnected, nil, lb.ErrNoEndpoints},
		"cut off": {
			[]string{"a"}, func(town *town) { town.edit("a", noServices); town.CutOff(true); town.lose("a") },
			newServers().factory, nil, NotConnected, membership.ErrIsolated, lb.ErrNoEndpoints},
		"a filter": {
			[]string{"a", "b"}, nil, newServers().factory, []EndpointerOption{WithTag("canary")},
			NoMatch, nil, nil},
		"a factory that fails": {[]string{"a"}, nil, noCertificate, nil, FactoryFailed, errNoCertificate, nil},
		"a factory that fails for two": {
			[]string{"a", "b"}, nil, noCertificate, nil, FactoryFailed, errNoCertificate, nil},
		"a factory that panics": {
			[]string{"a"}, nil, func(string) (Endpoint, io.Closer, error) { panic("no such thing") }, nil, FactoryFailed, nil, nil},
		"a factory that takes long": {
			[]string{"a"}, nil, func(string) (Endpoint, io.Closer, error) { <-stuck; return nil, nil, errBroken }, nil,
			FactoryPending, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				town := newTown(tt.members...)
				if tt.prepare != nil {
					tt.prepare(town)
				}
				if name == "a factory that takes long" {
					stuck = make(chan struct{})
					defer func() { close(stuck) }()
				}
				e := NewEndpointer(town.View(), "users", tt.factory, tt.options...)
				t.Cleanup(e.Close)
				b := NewBalancer(e, balancer.RoundRobin())
				for way, call := range map[string]Endpoint{"Retry": Retry(b), "Hedge": Hedge(b), "Balancer": b.call,
					"once": Retry(b, MaxAttempts(1), Budget(0))} {
					_, err := call(t.Context(), nil)
					var none *NoEndpointsError
					if !errors.Is(err, ErrNoEndpoints) || !errors.As(err, &none) || none.Cause != tt.cause ||
						none.Service != "users" {
						t.Errorf("%s: %v, want %q", way, err, tt.cause)
					}
					if tt.is != nil && !errors.Is(err, tt.is) || !Unsent(err) {
						t.Errorf("%s: %v, want that of %v, unsent", way, err, tt.is)
					}
					for _, says := range []string{`service "users"`, string(tt.cause)} {
						if !strings.Contains(err.Error(), says) || strings.ContainsAny(err.Error(), "\n") ||
							strings.Contains(err.Error(), "after") {
							t.Errorf("%s: %v, want %q", way, err, says)
						}
					}
				}
				if _, err := b.Endpoint(); !errors.Is(err, ErrNoEndpoints) || tt.kit != nil && err != tt.kit {
					t.Errorf("Endpoint: %v", err)
				}
			})
		})
	}
}

func noServices(r *membership.Record) { r.Services = nil }

// The cause is told through a Transport, too, where there is no endpointer for a service that
// nobody offers.
func TestNoEndpointsOfATransport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, tt := range map[string]struct {
			members    []string
			middleware func(string) Middleware
			option     EndpointerOption
			url        string
			cause      NoEndpointsCause
		}{
			"nobody offers it":  {[]string{"a"}, nil, nil, "http://nobody/", NotOffered},
			"not connected yet": {nil, nil, nil, "http://users/", NotConnected},
			"a filter":          {[]string{"a"}, nil, WithVersion("v7"), "http://users/", NoMatch},
			"a middleware that fails": {
				[]string{"a"}, func(string) Middleware { panic("no such thing") }, nil, "http://users/", FactoryFailed},
		} {
			transport := &Transport{
				View:              newTown(tt.members...).View(),
				Base:              new(internet),
				Middleware:        tt.middleware,
				EndpointerOptions: []EndpointerOption{tt.option},
			}
			_, err := ask(t, transport, http.MethodGet, tt.url, nil)
			var none *NoEndpointsError
			if !errors.Is(err, ErrNoEndpoints) || !errors.As(err, &none) || none.Cause != tt.cause {
				t.Errorf("%s: %v, want %q", name, err, tt.cause)
			}
			transport.Close()
		}
	})
}

func TestNoEndpointsAfterClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := balancerOf(t, newTown("a"), newServers(), first)
		b.from.Close()
		var none *NoEndpointsError
		if _, err := Retry(b)(t.Context(), nil); !errors.As(err, &none) || none.Cause != EndpointerClosed ||
			!errors.Is(err, net.ErrClosed) {
			t.Errorf("call: %v", err)
		}
	})
}

// Calls that find nobody spend no budget: the first call that fails once there is somebody is
// retried.
func TestNoEndpointsCostNoBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		town, users := newTown(), newServers()
		call := Retry(balancerOf(t, town, users, first), Budget(0))
		for range 20 {
			call(t.Context(), nil)
		}
		users.answer(fail(errBroken), "a:80")
		town.join("a", "b")
		synctest.Wait()
		checkAnswer(t, call, "b:80")
	})
}

// RetryIf is asked whether a call waits for an instance: if not, it fails at once.
func TestNoEndpointsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		call := Retry(balancerOf(t, newTown(), newServers(), first),
			RetryIf(func(err error) bool { asked++; return !errors.Is(err, ErrNoEndpoints) }))
		began := time.Now()
		if _, err := call(t.Context(), nil); !errors.Is(err, ErrNoEndpoints) || asked != 1 || time.Since(began) != 0 {
			t.Errorf("%v after %v, and asked %d times", err, time.Since(began), asked)
		}
	})
}

// A call to nobody whose time is over has the error of its context.
func TestNoEndpointsWithinAContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		transport := transportOf(t, new(internet))
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		request, _ := http.NewRequestWithContext(gone, http.MethodGet, "http://nobody/", nil)
		if _, err := transport.RoundTrip(request); err != context.Canceled {
			t.Errorf("Transport: %v", err)
		}
		if _, err := Retry(balancerOf(t, newTown(), newServers(), first))(gone, nil); err != context.Canceled {
			t.Errorf("Retry: %v", err)
		}
	})
}
