package endpoint

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-kit/kit/sd"
	"github.com/go-kit/kit/sd/lb"
	"github.com/go-kit/log"
	"go.uber.org/goleak"
)

// callEach calls every endpoint once, in order.
func callEach(t *testing.T, e sd.Endpointer) string {
	t.Helper()
	endpoints, err := e.Endpoints()
	if err != nil {
		t.Fatalf("Endpoints: %v", err)
	}
	answers := []any{}
	for _, endpoint := range endpoints {
		answer, err := endpoint(t.Context(), nil)
		if err != nil {
			t.Errorf("call: %v", err)
		}
		answers = append(answers, answer)
	}
	return fmt.Sprint(answers)
}

// Kit's endpointer registers a channel without a buffer, just after it has begun to receive.
func TestStockEndpointer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		town, users := newTown("b", "a"), newServers()
		instancer := NewInstancer(town.View(), "users")
		defer instancer.Stop()
		endpointer := sd.NewEndpointer(instancer, users.factory, log.NewNopLogger())
		defer endpointer.Close()
		for _, step := range []struct {
			change func()
			want   string
		}{
			{func() {}, "[a:80 b:80]"},
			{func() { town.join("c") }, "[a:80 b:80 c:80]"},
			{func() { town.leave("a") }, "[b:80 c:80]"},
			{func() { town.leave("b", "c") }, "[]"},
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

// TestStockKit has stock kit from end to end on an Instancer: an endpointer that stays, with calls through it, and others
// that are closed while events flow.
func TestStockKit(t *testing.T) {
	defer goleak.VerifyNone(t)
	town := newTown("a", "b")
	instancer := NewInstancer(town.View(), "users")
	defer instancer.Stop()
	endpointer := sd.NewEndpointer(instancer, newServers().factory, log.NewNopLogger())
	defer endpointer.Close()
	call := lb.RetryWithCallback(time.Minute, lb.NewRoundRobin(endpointer), nil) // until it succeeds
	stop := churn(town)
	var work sync.WaitGroup
	for range 4 {
		work.Go(func() {
			for range 200 {
				if answer, err := call(context.Background(), nil); err != nil {
					t.Errorf("call = %v, %v", answer, err)
				}
			}
		})
		work.Go(func() {
			for range 50 {
				short := sd.NewEndpointer(instancer, newServers().factory, log.NewNopLogger())
				lb.Retry(2, time.Minute, lb.NewRoundRobin(short))(context.Background(), nil)
				short.Close()
			}
		})
	}
	work.Wait()
	stop()
}

func TestStockRoundRobinOnAnEndpointer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		town, users := newTown("b", "c", "a"), newServers()
		endpointer := endpointerOf(t, town, users.factory)
		users.answer(fail(errBroken), "b:80")
		call := lb.Retry(2, time.Minute, lb.NewRoundRobin(endpointer))
		for range 6 {
			if _, err := call(t.Context(), nil); err != nil {
				t.Errorf("call: %v", err)
			}
		}
		if got, want := fmt.Sprint(users.order), "[a:80 b:80 c:80 a:80 b:80 c:80 a:80 b:80 c:80]"; got != want {
			t.Errorf("called %s, want %s", got, want)
		}
	})
}
