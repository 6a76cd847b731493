package endpoint_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/go-kit/kit/sd"
	"github.com/go-kit/kit/sd/lb"
	"github.com/go-kit/log"
	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/endpoint"
	"github.com/grapevine-go/grapevine/membership"
)

// viewOf stands for the view of a cluster.Node that knows an instance of users at each address.
func viewOf(addresses ...string) *membership.View { return storeOf(addresses...).View() }

func storeOf(addresses ...string) *membership.Store {
	store := membership.NewStore("frontend-1")
	for i, address := range addresses {
		record := membership.Record{
			Name:     fmt.Sprint("users-", i+1),
			Boot:     membership.Boot{Number: 1, ID: 7},
			Version:  1,
			Services: []membership.Service{{Name: "users", Address: address}},
		}
		store.Apply(membership.Heard{Record: record}, membership.Up{Name: record.Name, BootID: record.Boot.ID})
	}
	return store
}

// factory makes an endpoint that says hello from its instance; the first of them is out of order.
func factory(address string) (endpoint.Endpoint, io.Closer, error) {
	return func(_ context.Context, request any) (any, error) {
		if address == "10.0.0.7:8080" {
			return nil, errors.New("out of order")
		}
		return fmt.Sprintf("hello %v from %s", request, address), nil
	}, nil, nil
}

// ready waits for the first n instances, which a program has long known by the time that it makes a call.
func ready(endpointer sd.Endpointer, n int) {
	for {
		if endpoints, _ := endpointer.Endpoints(); len(endpoints) == n {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// With stock Go kit only the Instancer is Grapevine's.
func ExampleNewInstancer() {
	instancer := endpoint.NewInstancer(viewOf("10.0.0.7:8080", "10.0.0.8:8080"), "users")
	defer instancer.Stop()
	endpointer := sd.NewEndpointer(instancer, factory, log.NewNopLogger())
	defer endpointer.Close()
	hello := lb.RetryWithCallback(time.Minute, lb.NewRoundRobin(endpointer), nil)

	fmt.Println(hello(context.Background(), "world"))
	// Output: hello world from 10.0.0.8:8080 <nil>
}

// With the Endpointer, the Balancer and Retry a call goes to the least busy instance, and to another one when it fails.
func ExampleRetry() {
	endpointer := endpoint.NewEndpointer(viewOf("10.0.0.7:8080", "10.0.0.8:8080"), "users", factory)
	defer endpointer.Close()
	hello := endpoint.Retry(endpoint.NewBalancer(endpointer, balancer.LeastRequest()), endpoint.PerTryTimeout(time.Second))

	ready(endpointer, 2)
	fmt.Println(hello(context.Background(), "world"))
	// Output: hello world from 10.0.0.8:8080 <nil>
}

// A request that must not be served twice is sent again only when it cannot have arrived.
func ExampleRetryIf() {
	endpointer := endpoint.NewEndpointer(viewOf("10.0.0.7:8080"), "users", factory)
	defer endpointer.Close()
	hello := endpoint.Retry(endpoint.NewBalancer(endpointer, balancer.LeastRequest()), endpoint.RetryIf(endpoint.Unsent))

	ready(endpointer, 1)
	_, err := hello(context.Background(), "world")
	fmt.Println(err)
	// Output: out of order
}

// The last attempt decides what the error is. The history of all attempts is there for those that
// ask.
func ExampleRetryError() {
	endpointer := endpoint.NewEndpointer(viewOf("10.0.0.7:8080"), "users", factory)
	defer endpointer.Close()
	hello := endpoint.Retry(endpoint.NewBalancer(endpointer, balancer.RoundRobin()), endpoint.MaxAttempts(2))

	_, err := hello(context.Background(), "world")
	fmt.Println(err)
	var retried *endpoint.RetryError
	if errors.As(err, &retried) {
		fmt.Println(retried.Attempts)
	}
	// Output:
	// endpoint: no attempt is left after 2: out of order
	// [10.0.0.7:8080: out of order 10.0.0.7:8080: out of order]
}

// Programs tell by the cause why there is nobody to call.
func ExampleNoEndpointsError() {
	endpointer := endpoint.NewEndpointer(viewOf("10.0.0.8:8080"), "users", factory, endpoint.WithTag("canary"))
	defer endpointer.Close()
	hello := endpoint.Retry(endpoint.NewBalancer(endpointer, balancer.RoundRobin()))

	_, err := hello(context.Background(), "world")
	fmt.Println(err)
	var none *endpoint.NoEndpointsError
	fmt.Println(errors.Is(err, endpoint.ErrNoEndpoints), errors.As(err, &none) && none.Cause == endpoint.NoMatch)
	// Output:
	// endpoint: service "users": no endpoints available: no instance matches the filter
	// true true
}

func ExampleInstancer_Register() {
	instancer := endpoint.NewInstancer(viewOf("10.0.0.8:8080", "10.0.0.7:8080"), "users")
	defer instancer.Stop()
	events := make(chan sd.Event)
	instancer.Register(events)
	fmt.Println((<-events).Instances)
	instancer.Deregister(events)
	close(events)
	// Output: [10.0.0.7:8080 10.0.0.8:8080]
}

func ExampleKitLogger() {
	logger := endpoint.KitLogger(zerolog.New(zerolog.ConsoleWriter{Out: printer{}, NoColor: true, PartsExclude: []string{"time"}}))
	logger.Log("level", "info", "msg", "ready", "address", "10.0.0.7:8080")
	// Output: INF ready address=10.0.0.7:8080
}

// A server counts what it is serving, for callers that go by it.
func ExampleCountHTTP() {
	var gauge membership.Gauge // gauge.InFlight is what cluster.Offer and ReportLoad of cluster.Node take
	handler := endpoint.CountHTTP(&gauge)(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		fmt.Println("serving", gauge.InFlight())
	}))

	handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	fmt.Println("then", gauge.InFlight())
	// Output:
	// serving 1
	// then 0
}

// printer writes to standard output as it is when an example runs.
type printer struct{}

func (printer) Write(p []byte) (int, error) { return fmt.Print(string(p)) }
