package failsafeendpoint_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/bulkhead"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/failsafe-go/failsafe-go/hedgepolicy"
	"github.com/failsafe-go/failsafe-go/retrypolicy"

	"github.com/grapevine-go/grapevine/endpoint"
	"github.com/grapevine-go/grapevine/endpoint/failsafeendpoint"
)

var errBroken = errors.New("broken")

func does(err *error) endpoint.Endpoint {
	return func(context.Context, any) (any, error) { return "answer", *err }
}

// tripping opens at the second failure in a row.
func tripping() circuitbreaker.CircuitBreaker[any] {
	return circuitbreaker.NewBuilder[any]().WithFailureThreshold(2).WithDelay(time.Second).Build()
}

func TestCircuitBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		breaker, err := tripping(), error(nil)
		call := failsafeendpoint.Middleware(failsafe.With[any](breaker))(does(&err))
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		late, cancel := context.WithTimeout(t.Context(), 0)
		defer cancel()
		for i, step := range []struct {
			ctx       context.Context
			err, want error
			unsent    bool
			state     circuitbreaker.State
		}{
			{t.Context(), nil, nil, false, circuitbreaker.ClosedState},
			{gone, context.Canceled, context.Canceled, false, circuitbreaker.ClosedState},
			{gone, errBroken, errBroken, false, circuitbreaker.ClosedState},
			{gone, errBroken, errBroken, false, circuitbreaker.ClosedState},
			{t.Context(), endpoint.ErrNotFound, endpoint.ErrNotFound, false, circuitbreaker.ClosedState}, // an answer
			{t.Context(), endpoint.ErrNotFound, endpoint.ErrNotFound, false, circuitbreaker.ClosedState},
			{t.Context(), errBroken, errBroken, false, circuitbreaker.ClosedState},
			{late, context.DeadlineExceeded, context.DeadlineExceeded, false, circuitbreaker.OpenState},
			{t.Context(), nil, circuitbreaker.ErrOpen, true, circuitbreaker.OpenState},
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
		time.Sleep(2 * time.Second)
		err = nil
		if _, err := call(t.Context(), nil); err != nil || breaker.State() != circuitbreaker.ClosedState {
			t.Errorf("after its delay: %v, and the breaker is %v", err, breaker.State())
		}
	})
}

// What a bulkhead holds back was not sent, what a retry has sent was.
func TestWhatWasSent(t *testing.T) {
	full := bulkhead.New[any](1)
	full.TryAcquirePermit()
	again := retrypolicy.NewBuilder[any]().WithMaxRetries(2).Build()
	for name, tt := range map[string]struct {
		executor failsafe.Executor[any]
		want     error
		unsent   bool
	}{
		"bulkhead":         {failsafe.With[any](full), bulkhead.ErrFull, true},
		"retries":          {failsafe.With[any](again), errBroken, false},
		"retries, tripped": {failsafe.With[any](again, tripping()), circuitbreaker.ErrOpen, false},
	} {
		err := errBroken
		_, got := failsafeendpoint.Middleware(tt.executor)(does(&err))(t.Context(), nil)
		if !errors.Is(got, tt.want) || endpoint.Unsent(got) != tt.unsent {
			t.Errorf("%s: %v, unsent %v, want %v, %v", name, got, endpoint.Unsent(got), tt.want, tt.unsent)
		}
	}
}

// The attempts of a policy run under its contexts: one that is overtaken ends.
func TestHedges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := make(chan int, 2)
		calls <- 1
		calls <- 2
		ended := make(chan error, 1)
		call := failsafeendpoint.Middleware(failsafe.With[any](hedgepolicy.NewWithDelay[any](time.Second)))(
			func(ctx context.Context, _ any) (any, error) {
				if <-calls == 2 {
					return "second", nil
				}
				<-ctx.Done()
				ended <- ctx.Err()
				return nil, ctx.Err()
			})
		if got, err := call(t.Context(), nil); got != "second" || err != nil {
			t.Errorf("call = %v, %v", got, err)
		}
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("the first ended with %v", err)
		}
	})
}

func ExampleMiddleware() {
	var factory endpoint.Factory // of the program
	_ = endpoint.PerInstance(factory, func(string) endpoint.Middleware {
		return failsafeendpoint.Middleware(failsafe.With[any](circuitbreaker.NewWithDefaults[any]()))
	})

	// Around a whole service:
	price := func(context.Context, any) (any, error) { return nil, errors.New("out of order") }
	breaker := circuitbreaker.NewBuilder[any]().WithFailureThreshold(2).Build()
	guarded := failsafeendpoint.Middleware(failsafe.With[any](breaker))(price)
	for range 3 {
		_, err := guarded(context.Background(), nil)
		fmt.Println(err)
	}
	// Output:
	// out of order
	// out of order
	// circuit breaker open
}
