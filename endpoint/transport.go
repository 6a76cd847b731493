package endpoint

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/membership"
)

// Transport is an http.RoundTripper for URLs that have the name of a service where others have a host, "http://pricing/price". Each
// request goes to an instance, as through a [Balancer] and [Retry]. Only View is required. The fields must not change once it is in
// use. Close it when it is not needed any more.
//
// A request is sent to another instance where it reached no server, and where the method is idempotent by RFC 9110 or there is a
// header Idempotency-Key, after any error but those that [RetryIf] excludes; never if its body cannot be read again, by
// GetBody of http.Request. [Hedged] doubles only the idempotent ones. A response is not retried, whatever its status; those from 500 on
// count as failures of the instance.
//
// A call is in flight until its headers are there, not until its body is read: a caller that reads slowly is not the instance's
// failure. The header Host is that of the request, by default the name of the service. With "https" the certificate must be
// valid for the instance's host, unless Base expects another ServerName.
type Transport struct {
	View   *membership.View
	Base   http.RoundTripper      // what sends requests; nil means http.DefaultTransport
	Policy func() balancer.Policy // of each service; nil means balancer.LeastRequest

	// Middleware goes around each instance, as by [PerInstance]; nil means none. Its requests, and those that options
	// speak of, are of type *http.Request, the responses *http.Response.
	Middleware func(instance string) Middleware

	EndpointerOptions []EndpointerOption
	BalancerOptions   []BalancerOption
	RetryOptions      []RetryOption

	mu       sync.Mutex
	closed   bool
	services map[string]*httpService
}

// RoundTrip sends a request to an instance of the service that its URL names. The error wraps [ErrNoEndpoints] where there is none.
func (t *Transport) RoundTrip(request *http.Request) (*http.Response, error) {
	c := &httpCall{request: request}
	defer c.end()
	service, err := t.service(request)
	if err != nil {
		return nil, err
	}
	if service.idempotent == nil { // it was closed before it began
		return nil, fmt.Errorf("endpoint: Transport: %w", net.ErrClosed)
	}
	service.await(request.Context())
	response, err := service.endpointFor(request)(context.WithValue(request.Context(), httpCallKey{}, c), request)
	if err != nil {
		return nil, fmt.Errorf("endpoint: service %q: %w", service.name, err)
	}
	return response.(*http.Response), nil
}

// service gives what calls a service, from the first request on while it had an instance. Others are not remembered, as
// a name may come from anywhere.
func (t *Transport) service(request *http.Request) (*httpService, error) {
	if t.View == nil {
		return nil, errors.New("endpoint: Transport has no View: set it to that of a node, as node.View() gives")
	}
	if request.URL == nil {
		return nil, errors.New("endpoint: the request has no URL: make it with http.NewRequestWithContext")
	}
	name := strings.ToLower(request.URL.Hostname())
	if request.URL.Port() != "" {
		return nil, fmt.Errorf("endpoint: URL %q has a port: name the service alone, its instances know their ports", request.URL)
	}
	service, err := t.entry(name)
	if err == nil {
		service.begin.Do(func() { t.begin(service) })
	}
	return service, err
}

// entry gives a service that may not have begun: its options, which are the caller's, are not applied under the lock.
func (t *Transport) entry(name string) (*httpService, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch known := t.services[name]; {
	case t.closed:
		return nil, fmt.Errorf("endpoint: Transport: %w", net.ErrClosed)
	case known != nil:
		return known, nil
	case len(t.View.Snapshot().Instances(name)) == 0:
		return nil, fmt.Errorf("endpoint: service %q: %w", name, ErrNoEndpoints)
	}
	if t.services == nil {
		t.services = make(map[string]*httpService)
	}
	t.services[name] = &httpService{name: name, ready: make(chan struct{})}
	return t.services[name], nil
}

// CloseIdleConnections is for http.Client.
func (t *Transport) CloseIdleConnections() {
	if base, ok := t.base().(interface{ CloseIdleConnections() }); ok {
		base.CloseIdleConnections()
	}
}

// Close ends what was begun for services, and there is nothing to send to any more; what is under way goes on. The Base is not
// closed. It is safe to call twice.
func (t *Transport) Close() {
	t.mu.Lock()
	t.closed = true
	services := t.services
	t.services = nil
	t.mu.Unlock()
	for _, service := range services {
		service.begin.Do(func() {}) // it waits for one that is beginning
		if service.endpointer != nil {
			service.endpointer.Close()
		}
	}
}

func (t *Transport) base() http.RoundTripper {
	if t.Base == nil {
		return http.DefaultTransport
	}
	return t.Base
}
