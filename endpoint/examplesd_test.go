package endpoint_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/endpoint"
	"github.com/grapevine-go/grapevine/membership"
)

// An Endpointer also serves where Go kit wants one: here all instances are asked.
func ExampleNewEndpointer() {
	endpointer := endpoint.NewEndpointer(viewOf("10.0.0.7:8080", "10.0.0.8:8080"), "users", hello)
	defer endpointer.Close()
	ready(endpointer, 2)
	all, err := endpointer.Endpoints()
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, call := range all {
		fmt.Println(call(context.Background(), nil))
	}
	// Output:
	// hello from 10.0.0.7:8080 <nil>
	// hello from 10.0.0.8:8080 <nil>
}

// node stands for a cluster.Node.
type node struct{}

func (node) Register(service membership.Service) (membership.Registration, error) {
	fmt.Println("registered", service.Name, service.Address)
	return registration{}, nil
}

type registration struct{ membership.Registration }

func (registration) Deregister() error {
	fmt.Println("deregistered")
	return nil
}

// Go kit's way to offer a service, where a node is no cluster.Run.
func ExampleNewRegistrar() {
	service := membership.Service{Name: "users", Address: "10.0.0.7:8080"}
	registrar := endpoint.NewRegistrar(node{}, service, endpoint.KitLogger(zerolog.Nop()))
	registrar.Register()
	registrar.Deregister()
	// Output:
	// registered users 10.0.0.7:8080
	// deregistered
}

// Each instance has a limit of its own: one call at a time.
func ExamplePerInstance() {
	oneAtATime := func(instance string) endpoint.Middleware {
		room := make(chan struct{}, 1)
		return func(next endpoint.Endpoint) endpoint.Endpoint {
			return func(ctx context.Context, request any) (any, error) {
				select {
				case room <- struct{}{}:
				default:
					return nil, endpoint.NotSent(errors.New(instance + " is busy")) // another one is tried
				}
				defer func() { <-room }()
				return next(ctx, request)
			}
		}
	}
	endpointer := endpoint.NewEndpointer(viewOf("10.0.0.7:8080"), "users", endpoint.PerInstance(hello, oneAtATime))
	defer endpointer.Close()
	ready(endpointer, 1)
	all, _ := endpointer.Endpoints()

	fmt.Println(all[0](context.Background(), nil))
	// Output: hello from 10.0.0.7:8080 <nil>
}

// A server tells its clients to close their connections once it drains.
func ExampleCloseWhileDraining() {
	store := storeOf("10.0.0.7:8080") // of users-1, which is this process; usually node.View()
	around := endpoint.CloseWhileDraining(store.View(), "users-1", endpoint.Spread(0))
	handler := around(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	answer := func() string {
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/", nil))
		return recorder.Header().Get("Connection")
	}

	fmt.Printf("%q\n", answer())
	users, _ := store.Record("users-1")
	users.Version, users.State = users.Version+1, membership.Draining
	store.Apply(membership.Heard{Record: users})
	fmt.Printf("%q\n", answer())
	// Output:
	// ""
	// "close"
}
