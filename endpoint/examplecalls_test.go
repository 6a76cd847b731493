package endpoint_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/endpoint"
	"github.com/grapevine-go/grapevine/membership"
)

// hello is a factory of endpoints that say from where.
func hello(address string) (endpoint.Endpoint, io.Closer, error) {
	return func(context.Context, any) (any, error) { return "hello from " + address, nil }, nil, nil
}

// Only some instances are connected to and called: those of a version, with a tag, or by what else they say of themselves.
func ExampleWhere() {
	view := viewOf("10.0.0.7:8080", "10.0.0.8:8080") // of users-1 and users-2
	endpointer := endpoint.NewEndpointer(view, "users", hello, endpoint.WithVersion(""),
		endpoint.Where(func(i membership.Instance) bool { return i.Member == "users-2" }))
	defer endpointer.Close()
	ready(endpointer, 1)
	call := endpoint.Retry(endpoint.NewBalancer(endpointer, balancer.LeastRequest()))

	fmt.Println(call(context.Background(), nil))
	// Output: hello from 10.0.0.8:8080 <nil>
}

// Calls with one key go to one instance.
func ExampleNewBalancer_affinity() {
	endpointer := endpoint.NewEndpointer(viewOf("10.0.0.7:8080", "10.0.0.8:8080"), "users", hello)
	defer endpointer.Close()
	ready(endpointer, 2)
	call := endpoint.Retry(endpoint.NewBalancer(endpointer, balancer.Maglev()))

	alice := balancer.WithKey(context.Background(), "alice")
	first, _ := call(alice, nil)
	again, _ := call(alice, nil)
	fmt.Println(first == again)
	// Output: true
}

var errNotFound = errors.New("no such user")

// That a user does not exist is not the fault of the instance that was asked.
func ExampleFailureIf() {
	endpointer := endpoint.NewEndpointer(viewOf("10.0.0.7:8080", "10.0.0.8:8080"), "users", hello)
	defer endpointer.Close()
	call := endpoint.Retry(
		endpoint.NewBalancer(endpointer, balancer.LeastRequest(),
			endpoint.FailureIf(func(err error) bool { return !errors.Is(err, errNotFound) })),
		endpoint.RetryIf(func(err error) bool { return !errors.Is(err, errNotFound) }))
	ready(endpointer, 2)
	_, err := call(context.Background(), nil)
	fmt.Println(err)
	// Output: <nil>
}

// An instance that stalls is overtaken by another one, once it is known how long calls usually take.
func ExampleHedge() {
	var stalls atomic.Bool
	factory := func(address string) (endpoint.Endpoint, io.Closer, error) {
		return func(ctx context.Context, _ any) (any, error) {
			if stalls.Load() && address == "10.0.0.7:8080" {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return "hello from " + address, nil
		}, nil, nil
	}
	endpointer := endpoint.NewEndpointer(viewOf("10.0.0.7:8080", "10.0.0.8:8080"), "users", factory)
	defer endpointer.Close()
	ready(endpointer, 2)
	call := endpoint.Hedge(endpoint.NewBalancer(endpointer, balancer.RoundRobin()))
	for range 100 {
		call(context.Background(), nil)
	}
	stalls.Store(true)
	fmt.Println(call(context.Background(), nil))
	fmt.Println(call(context.Background(), nil))
	// Output:
	// hello from 10.0.0.8:8080 <nil>
	// hello from 10.0.0.8:8080 <nil>
}

// An http.Client calls services by name.
func ExampleTransport() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "hello to %s from %s", r.URL.Query().Get("name"), r.Host)
	}))
	defer server.Close()
	transport := &endpoint.Transport{View: viewOf(server.Listener.Addr().String())} // of a cluster.Node
	defer transport.Close()
	client := &http.Client{Transport: transport}

	response, err := client.Get("http://users/hello?name=world")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	fmt.Println(string(body))
	// Output: hello to world from users
}

// A Transport retries errors, and a response is none. Middleware makes an error of the responses
// that another instance may spare the caller.
func ExampleTransport_unavailable() {
	var requests atomic.Int64
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if requests.Add(1) == 1 {
			endpoint.EncodeProblem(r.Context(), endpoint.NewProblem(endpoint.ErrUnavailable, "starting"), w)
			return
		}
		io.WriteString(w, "hello")
	})
	one, two := httptest.NewServer(handler), httptest.NewServer(handler)
	defer one.Close()
	defer two.Close()

	again := func(next endpoint.Endpoint) endpoint.Endpoint {
		return func(ctx context.Context, request any) (any, error) {
			response, err := next(ctx, request)
			if err != nil {
				return nil, err
			}
			answer := response.(*http.Response)
			switch answer.StatusCode {
			case http.StatusServiceUnavailable, http.StatusTooManyRequests:
				defer answer.Body.Close()
				return nil, endpoint.DecodeProblem(answer)
			default:
				return answer, nil
			}
		}
	}
	transport := &endpoint.Transport{
		View:       viewOf(one.Listener.Addr().String(), two.Listener.Addr().String()),
		Middleware: func(string) endpoint.Middleware { return again },
	}
	defer transport.Close()
	response, err := (&http.Client{Transport: transport}).Get("http://users/hello")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	fmt.Println(string(body), "after", requests.Load(), "requests")
	// Output: hello after 2 requests
}
