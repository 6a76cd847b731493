package endpoint

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/balancer"
)

func TestCloseOfAnEndpointer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // which fails if a goroutine is left
		town, users := newTown("a", "b"), newServers()
		endpointer := endpointerOf(t, town, users.factory)
		picks := NewBalancer(endpointer, balancer.RoundRobin())
		endpointer.Close()
		users.check(t, "closed", users.closed, map[string]int{"a:80": 1, "b:80": 1})
		if _, err := picks.Endpoint(); !errors.Is(err, ErrNoEndpoints) {
			t.Errorf("Endpoint: %v after Close, want %v", err, ErrNoEndpoints)
		}
		town.join("c")
		endpointer.Close()
		users.check(t, "made", users.made, map[string]int{"a:80": 1, "b:80": 1})
		users.check(t, "closed", users.closed, map[string]int{"a:80": 1, "b:80": 1})
	})
}

func TestCloseWaitsForFactories(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		users, gate, closed := newServers(), make(chan struct{}), false
		endpointer := endpointerOf(t, newTown("a"), func(address string) (Endpoint, io.Closer, error) {
			<-gate
			return users.factory(address)
		})
		go func() { endpointer.Close(); closed = true }()
		synctest.Wait()
		if closed {
			t.Error("Close has not waited for the factory")
		}
		close(gate)
		synctest.Wait()
		if !closed {
			t.Error("Close has not returned")
		}
		users.check(t, "closed", users.closed, map[string]int{"a:80": 1})
	})
}

type badCloser struct{}

func TestClosersMayFailOrBeMissing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		town := newTown("a", "b")
		endpointerOf(t, town, func(address string) (Endpoint, io.Closer, error) {
			if address == "a:80" {
				return hang, badCloser{}, nil
			}
			return hang, nil, nil
		}, WithLogger(zerolog.New(&log)))
		town.leave("a", "b")
		synctest.Wait()
		if got := log.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "a:80") || !strings.Contains(got, "broken") {
			t.Errorf("the log says %q, want that a:80 is broken", got)
		}
	})
}
