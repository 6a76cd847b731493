package guard

import (
	"io"
	"net/http"
	"net/url"

	kithttp "github.com/go-kit/kit/transport/http"
	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/endpoint"
	"github.com/grapevine-go/grapevine/membership"
)

// Factory makes endpoints that call one instance over HTTP and decode its answer as a T. The
// request that encode gets has the path "/".
func Factory[T any](client *http.Client, method string, encode kithttp.EncodeRequestFunc) endpoint.Factory {
	return func(instance string) (endpoint.Endpoint, io.Closer, error) {
		target := &url.URL{Scheme: "http", Host: instance, Path: "/"}
		return kithttp.NewClient(method, target, encode, DecodeJSON[T], ClientOptions(client)...).Endpoint(), nil, nil
	}
}

// Follow returns an Endpointer of the service name in view, with a circuit breaker for each instance.
func Follow(view *membership.View, name string, factory endpoint.Factory, logger zerolog.Logger) *endpoint.Endpointer {
	return endpoint.NewEndpointer(view, name, endpoint.PerInstance(factory, Breaker), endpoint.WithLogger(logger))
}
