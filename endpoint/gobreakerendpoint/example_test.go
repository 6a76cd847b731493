package gobreakerendpoint_test

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/grapevine-go/grapevine/endpoint"
	"github.com/grapevine-go/grapevine/endpoint/gobreakerendpoint"
)

func hello(instance string) (endpoint.Endpoint, io.Closer, error) {
	return func(context.Context, any) (any, error) { return "hello from " + instance, nil }, nil, nil
}

// A breaker for each instance. While it is open, Retry goes to another instance.
func ExampleMiddleware_perInstance() {
	factory := endpoint.PerInstance(hello, func(instance string) endpoint.Middleware {
		return gobreakerendpoint.Middleware(gobreakerendpoint.New(gobreaker.Settings{
			Name:    instance,
			Timeout: 5 * time.Second, // from open to half open
		}))
	})

	call, _, err := factory("10.0.0.7:8080") // an Endpointer does this for each instance
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(call(context.Background(), nil))
	// Output: hello from 10.0.0.7:8080 <nil>
}
