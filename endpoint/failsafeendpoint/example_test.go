package failsafeendpoint_test

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/bulkhead"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"

	"github.com/grapevine-go/grapevine/endpoint"
	"github.com/grapevine-go/grapevine/endpoint/failsafeendpoint"
)

func hello(instance string) (endpoint.Endpoint, io.Closer, error) {
	return func(context.Context, any) (any, error) { return "hello from " + instance, nil }, nil, nil
}

// A breaker and a limit of calls in flight for each instance.
func ExampleMiddleware_perInstance() {
	factory := endpoint.PerInstance(hello, func(string) endpoint.Middleware {
		breaker := circuitbreaker.NewBuilder[any]().WithFailureThreshold(5).WithDelay(5 * time.Second).Build()
		return failsafeendpoint.Middleware(failsafe.With[any](breaker, bulkhead.New[any](100)))
	})

	call, _, err := factory("10.0.0.7:8080") // an Endpointer does this for each instance
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(call(context.Background(), nil))
	// Output: hello from 10.0.0.7:8080 <nil>
}
