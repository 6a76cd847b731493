package endpoint

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/balancer"
)

// Each instance has a middleware of its own, made once, and what it holds back goes elsewhere.
func TestPerInstance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		users, made := newServers(), newServers()
		endpointer := endpointerOf(t, newTown("a", "b"), PerInstance(users.factory, func(instance string) Middleware {
			made.count(made.made, instance)
			return func(next Endpoint) Endpoint {
				if instance == "a:80" {
					return fail(NotSent(errBroken))
				}
				return next
			}
		}))
		call := Retry(NewBalancer(endpointer, first), RetryIf(Unsent))
		checkAnswer(t, call, "b:80")
		checkAnswer(t, call, "b:80")
		made.check(t, "made", made.made, map[string]int{"a:80": 1, "b:80": 1})
		users.check(t, "called", users.called, map[string]int{"b:80": 2})
		endpointer.Close()
		users.check(t, "closed", users.closed, map[string]int{"a:80": 1, "b:80": 1})
	})
}

func TestPerInstanceOfAFactoryThatFails(t *testing.T) {
	for name, factory := range map[string]Factory{
		"error":       func(string) (Endpoint, io.Closer, error) { return broken() },
		"no endpoint": func(string) (Endpoint, io.Closer, error) { return nil, nil, nil },
	} {
		endpoint, _, err := PerInstance(factory, func(string) Middleware { t.Errorf("%s: a middleware is made", name); return nil })("a:80")
		if endpoint != nil || (err != nil) != (name == "error") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNotSent(t *testing.T) {
	if err := NotSent(errBroken); !Unsent(err) || !errors.Is(err, errBroken) || err.Error() != errBroken.Error() {
		t.Errorf("NotSent = %v", err)
	}
	if NotSent(nil) != nil {
		t.Error("NotSent of nil is not nil")
	}
}

func TestCanceled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := make(map[string]bool)
		users := newServers()
		users.answer(func(ctx context.Context, request any) (any, error) {
			<-ctx.Done()
			ended[request.(string)] = Canceled(ctx)
			return nil, ctx.Err()
		}, "a:80")
		call := Retry(balancerOf(t, newTown("a"), users, balancer.RoundRobin()), PerTryTimeout(time.Minute), MaxAttempts(1))
		gone, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		call(gone, "given up")
		call(t.Context(), "out of time")
		late, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		call(late, "late")
		if !ended["given up"] || ended["out of time"] || ended["late"] || Canceled(t.Context()) {
			t.Errorf("cancelled: %v", ended)
		}
	})
}
