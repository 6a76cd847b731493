package endpoint

import (
	"context"
	"io"
	"testing"
	"testing/synctest"
)

// gated answers as soon as the channel is closed.
func gated(gate <-chan struct{}) Endpoint {
	return func(context.Context, any) (any, error) { <-gate; return "late", nil }
}

// begin starts a call, and waits until it blocks or ends.
func begin(t *testing.T, endpoint Endpoint) {
	go func() {
		if _, err := endpoint(context.Background(), nil); err != nil {
			t.Errorf("call: %v", err)
		}
	}()
	synctest.Wait()
}

func TestInstanceThatLeftIsClosedAfterItsCalls(t *testing.T) {
	for name, end := range map[string]func(*town, *Endpointer){
		"left":   func(town *town, _ *Endpointer) { town.leave("a") },
		"closed": func(_ *town, endpointer *Endpointer) { endpointer.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				town, users := newTown("a"), newServers()
				endpointer := endpointerOf(t, town, users.factory)
				endpoint, _ := NewBalancer(endpointer, first).Endpoint()
				gate := make(chan struct{})
				users.answer(gated(gate), "a:80")
				begin(t, endpoint)
				begin(t, endpoint)
				end(town, endpointer)
				synctest.Wait()
				users.check(t, "closed during calls", users.closed, nil)
				close(gate)
				synctest.Wait()
				users.check(t, "closed after them", users.closed, map[string]int{"a:80": 1})
			})
		})
	}
}

func TestCallToAnInstanceThatLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		town, users := newTown("a"), newServers()
		endpoints, _ := endpointerOf(t, town, users.factory).Endpoints()
		town.leave("a")
		synctest.Wait()
		if _, err := endpoints[0](t.Context(), nil); !Unsent(err) {
			t.Errorf("call: %v, want an error that is Unsent", err)
		}
		users.check(t, "called", users.called, nil)
	})
}

// The endpoint that nobody needs any more must not be forgotten, nor used.
func TestInstanceThatLeavesWhileItsFactoryRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		town, users, gate := newTown("a"), newServers(), make(chan struct{})
		endpointer := endpointerOf(t, town, func(address string) (Endpoint, io.Closer, error) {
			<-gate
			return users.factory(address)
		})
		town.leave("a")
		synctest.Wait()
		close(gate)
		synctest.Wait()
		if got := callEach(t, endpointer); got != "[]" {
			t.Errorf("the endpoints are %s, want none", got)
		}
		users.check(t, "closed", users.closed, map[string]int{"a:80": 1})
	})
}

// A change of another instance may publish the client before its own begin does, so that it may have been called, and may
// have left, by then.
func TestInstanceThatLeavesBeforeItHasBegun(t *testing.T) {
	for name, calls := range map[string]int{"after its calls": 0, "during two": 2} {
		t.Run(name, func(t *testing.T) {
			users := newServers()
			endpoint, closer, _ := users.factory("a:80")
			c, m := newClient(&Endpointer{}, "a:80"), &made{endpoint, closer}
			c.made.Store(m)
			for range calls {
				c.acquire()
			}
			c.retire()
			c.begin(m)
			if calls > 0 {
				users.check(t, "closed during calls", users.closed, nil)
			}
			for range calls {
				c.release()
			}
			users.check(t, "closed after them", users.closed, map[string]int{"a:80": 1})
		})
	}
}

func (badCloser) Close() error { return errBroken }
