package gobreakerendpoint_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/grapevine-go/grapevine/endpoint"
	"github.com/grapevine-go/grapevine/endpoint/gobreakerendpoint"
)

var errBroken = errors.New("broken")

// tripping opens at the second failure and lets one call through after a second.
var tripping = gobreaker.Settings{
	Timeout:     time.Second,
	ReadyToTrip: func(counts gobreaker.Counts) bool { return counts.TotalFailures >= 2 },
}

func does(err *error) endpoint.Endpoint {
	return func(context.Context, any) (any, error) { return "answer", *err }
}

func TestMiddleware(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		breaker, err := gobreakerendpoint.New(tripping), error(nil)
		call := gobreakerendpoint.Middleware(breaker)(does(&err))
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		late, cancel := context.WithTimeout(t.Context(), 0)
		defer cancel()
		for i, step := range []struct {
			ctx    context.Context
			err    error
			want   error
			unsent bool
			state  gobreaker.State
		}{
			{t.Context(), nil, nil, false, gobreaker.StateClosed},
			{t.Context(), errBroken, errBroken, false, gobreaker.StateClosed},
			{gone, context.Canceled, context.Canceled, false, gobreaker.StateClosed}, // it counts for nothing
			{gone, errBroken, errBroken, false, gobreaker.StateClosed},
			{t.Context(), endpoint.CallerError(errBroken), errBroken, false, gobreaker.StateClosed},
			{t.Context(), endpoint.ErrNotFound, endpoint.ErrNotFound, false, gobreaker.StateClosed}, // an answer
			{t.Context(), endpoint.ErrNotFound, endpoint.ErrNotFound, false, gobreaker.StateClosed},
			{late, context.DeadlineExceeded, context.DeadlineExceeded, false, gobreaker.StateOpen},
			{t.Context(), nil, gobreaker.ErrOpenState, true, gobreaker.StateOpen},
		} {
			err = step.err
			response, got := call(step.ctx, nil)
			if !errors.Is(got, step.want) || endpoint.Unsent(got) != step.unsent || breaker.State() != step.state {
				t.Errorf("call %d: %v, unsent %v, then %v; want %v, %v, %v", i, got, endpoint.Unsent(got), breaker.State(),
					step.want, step.unsent, step.state)
			}
			if sent := response == "answer"; sent == step.unsent {
				t.Errorf("call %d: the response is %v", i, response)
			}
		}
		time.Sleep(time.Second + 1)
		err = context.Canceled
		call(gone, nil)
		if got := breaker.State(); got != gobreaker.StateHalfOpen {
			t.Errorf("a call that was given up makes the breaker %v", got)
		}
		err = nil
		call(t.Context(), nil)
		if got := breaker.State(); got != gobreaker.StateClosed {
			t.Errorf("a call that succeeded makes the breaker %v", got)
		}
	})
}

func TestNewKeepsWhatIsExcluded(t *testing.T) {
	settings := tripping
	settings.IsExcluded = func(err error) bool { return err == errBroken }
	breaker, err := gobreakerendpoint.New(settings), errBroken
	for range 5 {
		gobreakerendpoint.Middleware(breaker)(does(&err))(t.Context(), nil)
	}
	if got := breaker.State(); got != gobreaker.StateClosed {
		t.Errorf("the breaker is %v", got)
	}
}

// A panic goes through, and counts as a failure.
func TestPanic(t *testing.T) {
	breaker := gobreakerendpoint.New(tripping)
	call := gobreakerendpoint.Middleware(breaker)(func(context.Context, any) (any, error) { panic("no such thing") })
	for range 2 {
		func() {
			defer func() {
				if recovered := recover(); recovered != "no such thing" {
					t.Errorf("recovered %v", recovered)
				}
			}()
			call(t.Context(), nil)
		}()
	}
	if got := breaker.State(); got != gobreaker.StateOpen {
		t.Errorf("the breaker is %v", got)
	}
}

// A breaker of its own for each instance: the balancer learns to avoid those that are open.
func ExampleNew() {
	var factory endpoint.Factory // of the program
	_ = endpoint.PerInstance(factory, func(instance string) endpoint.Middleware {
		return gobreakerendpoint.Middleware(gobreakerendpoint.New(gobreaker.Settings{Name: instance}))
	})

	// It does not open for a caller's mistakes, nor for answers such as "not found".
	breaker := gobreakerendpoint.New(tripping)
	call := gobreakerendpoint.Middleware(breaker)(func(context.Context, any) (any, error) {
		return nil, endpoint.NewProblem(endpoint.ErrNotFound, "there is no gold")
	})
	for range 5 {
		call(context.Background(), nil)
	}
	fmt.Println(breaker.State())
	// Output: closed
}

// One breaker around a whole service.
func ExampleMiddleware() {
	price := func(context.Context, any) (any, error) { return nil, errors.New("out of order") }
	breaker := gobreakerendpoint.New(gobreaker.Settings{
		ReadyToTrip: func(counts gobreaker.Counts) bool { return counts.ConsecutiveFailures == 2 },
	})
	guarded := gobreakerendpoint.Middleware(breaker)(price)
	for range 3 {
		_, err := guarded(context.Background(), nil)
		fmt.Println(err)
	}
	// Output:
	// out of order
	// out of order
	// circuit breaker is open
}
