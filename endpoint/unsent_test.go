package endpoint

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"sync"
	"syscall"
	"testing"

	"go.uber.org/goleak"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/membership"
)

func TestUnsent(t *testing.T) {
	dialTimeout := &net.OpError{Op: "dial", Net: "tcp", Err: os.ErrDeadlineExceeded}
	for name, tt := range map[string]struct {
		err  error
		want bool
	}{
		"refused":              {errRefused, true},
		"refused, wrapped":     {fmt.Errorf("b: %w", syscall.ECONNREFUSED), true},
		"dial in time":         {&url.Error{Op: "Post", URL: "http://a", Err: dialTimeout}, true},
		"no instance":          {ErrNoEndpoints, true},
		"instance has left":    {errRetired, true},
		"read":                 {read(os.ErrDeadlineExceeded), false},
		"reset":                {read(syscall.ECONNRESET), false},
		"closed by the server": {io.EOF, false},
		"deadline":             {context.DeadlineExceeded, false},
		"application":          {errBroken, false},
		"none":                 {nil, false},
		"by its own word":      {fmt.Errorf("a: %w", heldBack{}), true},
		"each of two attempts": {fmt.Errorf("call: %w", &RetryError{Attempts: []error{errRefused, ErrNoEndpoints}}), true},
		"one of two attempts":  {fmt.Errorf("call: %w", &RetryError{Attempts: []error{errRefused, io.EOF}}), false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Unsent(tt.err); got != tt.want {
				t.Errorf("Unsent(%v) = %v, want %v", tt.err, got, tt.want)
			}
		})
	}
}

// await waits until n instances can be called.
func await(e *Endpointer, n int) {
	ready := make(chan struct{})
	var once sync.Once
	e.subscribe(func(clients []*client) {
		if len(clients) == n {
			once.Do(func() { close(ready) })
		}
	})
	<-ready
}

// Over the network: a dial that is refused is retried and reported, an answer that failed is reported only.
func TestRetryOfTheUnsentOnly(t *testing.T) {
	defer goleak.VerifyNone(t)
	up, down := httptest.NewServer(http.HandlerFunc(hangUp)), httptest.NewServer(nil)
	defer up.Close()
	down.Close()
	town := newTown("up", "down")
	reports := reportsOf(town)
	for name, server := range map[string]*httptest.Server{"up": up, "down": down} {
		town.edit(name, func(r *membership.Record) { r.Services[0].Address = server.Listener.Addr().String() })
	}
	endpointer := NewEndpointer(town.View(), "users", get(up.Client()))
	defer endpointer.Close()
	await(endpointer, 2)

	atDown := slices.Index(town.View().Snapshot().Addresses("users"), down.Listener.Addr().String())
	downFirst := func(*balancer.Set) balancer.Picker { return func(balancer.Call) int { return atDown } }
	call := Retry(NewBalancer(endpointer, downFirst), RetryIf(Unsent), MaxAttempts(10))
	var retried *RetryError
	if response, err := call(t.Context(), nil); !errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNREFUSED) ||
		!errors.As(err, &retried) || !errors.Is(retried.Attempts[0], syscall.ECONNREFUSED) {
		t.Errorf("call = %v, %v, want a connection that was closed, after a refused dial", response, err)
	}
	reports.check(t, "down: connection refused", "up: connection reset")
}

// hangUp closes the connection of a request without an answer.
func hangUp(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) }
