package endpoint_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/endpoint"
)

// A client of a service with everything at its default but the zone.
func ExampleNewBalancer_zone() {
	view := viewOf("10.0.0.8:8080") // of a cluster.Node
	endpointer := endpoint.NewEndpointer(view, "users", factory)
	defer endpointer.Close()
	balanced := endpoint.NewBalancer(endpointer, balancer.LeastRequest(),
		endpoint.With(balancer.PreferZone("eu-1")))
	users := endpoint.Retry(balanced)

	fmt.Println(users(context.Background(), "world"))
	// Output: hello world from 10.0.0.8:8080 <nil>
}

// What stands around a policy, with other values than the defaults.
func ExampleWith() {
	endpointer := endpoint.NewEndpointer(viewOf("10.0.0.8:8080"), "users", factory)
	defer endpointer.Close()
	balanced := endpoint.NewBalancer(endpointer, balancer.PeakEWMA(), endpoint.With(
		balancer.SlowStart(time.Minute), // 10 s by default; 0 switches it off
		balancer.Eject(3),               // failures in a row, 5 by default; 0 switches it off
		balancer.PreferZone("eu-1"),     // the zone of this process, none by default
	))
	users := endpoint.Retry(balanced)

	fmt.Println(users(context.Background(), "world"))
	// Output: hello world from 10.0.0.8:8080 <nil>
}

// Reads are retried and hedged. One attempt has 200 ms.
func ExampleHedged() {
	endpointer := endpoint.NewEndpointer(viewOf("10.0.0.7:8080", "10.0.0.8:8080"), "users", factory)
	defer endpointer.Close()
	balanced := endpoint.NewBalancer(endpointer, balancer.LeastRequest())
	read := endpoint.Retry(balanced,
		endpoint.MaxAttempts(3),
		endpoint.PerTryTimeout(200*time.Millisecond),
		endpoint.Budget(0.1), // at most 10 % retries, and 3 a second besides
		endpoint.Hedged(endpoint.HedgeBudget(0.02)))

	fmt.Println(read(context.Background(), "world"))
	// Output: hello world from 10.0.0.8:8080 <nil>
}

// Connections to some of the instances, where each caller would have hundreds.
func ExampleSubset() {
	view := viewOf("10.0.0.7:8080", "10.0.0.8:8080")
	endpointer := endpoint.NewEndpointer(view, "users", hello,
		endpoint.WithVersion(""), endpoint.Subset(20))
	defer endpointer.Close()
	endpoints, err := endpointer.Endpoints()
	fmt.Println(len(endpoints), err) // all, as there are fewer than 20
	// Output: 2 <nil>
}

// A program that has an answer of its own for the time without any instance.
func ExampleNoEndpointsError_fallback() {
	endpointer := endpoint.NewEndpointer(viewOf(), "users", factory)
	defer endpointer.Close()
	users := endpoint.Retry(endpoint.NewBalancer(endpointer, balancer.LeastRequest()),
		endpoint.RetryIf(func(err error) bool { return !errors.Is(err, endpoint.ErrNoEndpoints) }))

	answer, err := users(context.Background(), "world")
	if errors.Is(err, endpoint.ErrNoEndpoints) {
		answer, err = "hello from the cache", nil
	}
	fmt.Println(answer, err)
	// Output: hello from the cache <nil>
}

// The same policies for an http.Client. Each service has a policy of its own.
func ExampleTransport_options() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "hello")
	}))
	defer server.Close()
	transport := &endpoint.Transport{
		View:            viewOf(server.Listener.Addr().String()), // of a cluster.Node
		Policy:          balancer.PeakEWMA,
		BalancerOptions: []endpoint.BalancerOption{endpoint.With(balancer.PreferZone("eu-1"))},
		RetryOptions:    []endpoint.RetryOption{endpoint.MaxAttempts(2), endpoint.Hedged()},
	}
	defer transport.Close()
	client := &http.Client{Transport: transport, Timeout: 2 * time.Second}

	response, err := client.Get("http://users/hello")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer response.Body.Close()
	fmt.Println(response.Status)
	// Output: 200 OK
}
