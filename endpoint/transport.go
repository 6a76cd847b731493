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

// Transport is an http.RoundTripper for URLs that have the name of a service where others have a
// host, "http://pricing/price". Each request goes to an instance, as through a [Balancer] and
// [Retry]. Only View is required. The fields must not change once it is in use. Close it when it
// is not needed any more.
//
// A request is sent to another instance where it reached no server, and where the method is
// idempotent by RFC 9110 or there is a header Idempotency-Key, after any error but those that
// [RetryIf] excludes; never if its body cannot be read again, by GetBody of http.Request.
// [Hedged] doubles only the idempotent ones. A response is not retried, whatever its status;
// those from 500 on count as failures of the instance. The caller's own mistakes, such as an
// invalid header or a body that cannot be read, are no instance's failure; docs/calls.md has a
// table.
//
// A call is in flight until its headers are there, not until its body is read: a caller that
// reads slowly is not the instance's failure. The header Host is that of the request, by default
// the name of the service. With "https" the certificate must be valid for the instance's host,
// unless Base expects another ServerName.
//
// Requests go straight to the instance, whatever HTTP_PROXY and its kin in the environment say. A
// Base with a Proxy uses it, as http.DefaultTransport does; the proxy is asked for the instance.
type Transport struct {
	View   *membership.View
	Base   http.RoundTripper      // sends the requests; nil means a clone of http.DefaultTransport without its Proxy
	Policy func() balancer.Policy // of each service; nil means balancer.LeastRequest

	// Middleware goes around each instance, as by [PerInstance]; nil means none. Its requests,
	// and those that options speak of, are of type *http.Request, the responses *http.Response.
	// The request that it passes on is sent: its URL but for the host, which is the instance, its
	// header, its body and the context.
	Middleware func(instance string) Middleware

	EndpointerOptions []EndpointerOption
	BalancerOptions   []BalancerOption
	RetryOptions      []RetryOption

	mu       sync.Mutex // taken under the lock of an endpointer, not the other way round
	closed   bool
	services map[string]*httpService
	work     sync.WaitGroup

	straightOnce sync.Once
	straight     http.RoundTripper // where Base is nil
}

// RoundTrip sends a request to an instance of the service that its URL names. The error is that
// of Base for the last attempt: a [*RetryError] that reads as it does where there was more than
// one, or a [*NoEndpointsError] where there is no instance.
func (t *Transport) RoundTrip(request *http.Request) (*http.Response, error) {
	c := &httpCall{request: request}
	defer c.end()
	if err := request.Context().Err(); err != nil {
		return nil, context.Cause(request.Context()) // as net/http does
	}
	service, err := t.service(request)
	if err != nil {
		return nil, err
	}
	defer t.leave(service)
	service.begin.Do(func() { t.begin(service) })
	if service.idempotent == nil { // it was closed before it began
		return nil, fmt.Errorf("endpoint: Transport: %w", net.ErrClosed)
	}
	service.endpointer.awaitEarly(request.Context())
	response, err := service.endpointFor(request)(context.WithValue(request.Context(), httpCallKey{}, c), request)
	if err != nil {
		return nil, err
	}
	return response.(*http.Response), nil
}

// service returns the httpService of a request, with the request counted in. It exists from the
// first request on while the service has an instance. Other names are not remembered, as a name
// may come from anywhere.
func (t *Transport) service(request *http.Request) (*httpService, error) {
	if t.View == nil {
		return nil, errors.New("endpoint: Transport has no View: set it to that of a node, node.View()")
	}
	if request.URL == nil {
		return nil, errors.New("endpoint: the request has no URL: make it with http.NewRequestWithContext")
	}
	name := strings.ToLower(request.URL.Hostname())
	if request.URL.Port() != "" {
		return nil, fmt.Errorf("endpoint: URL %q has a port: name the service alone, its instances know their ports",
			request.URL)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	known := t.services[name]
	switch {
	case t.closed:
		return nil, fmt.Errorf("endpoint: Transport: %w", net.ErrClosed)
	case known != nil:
	case len(t.View.Snapshot().Instances(name)) == 0:
		return nil, notFound(t.View, name)
	default:
		if t.services == nil {
			t.services = make(map[string]*httpService)
		}
		// It begins later: its options are the caller's, and are not applied under the lock.
		known = &httpService{name: name}
		t.services[name] = known
	}
	known.uses++
	return known, nil
}

// leave counts a request out.
func (t *Transport) leave(s *httpService) {
	t.mu.Lock()
	s.uses--
	t.mu.Unlock()
	t.releaseGone(s)
}

// releaseGone releases a service without instances, once no request is in flight.
func (t *Transport) releaseGone(s *httpService) {
	if len(t.View.Snapshot().Instances(s.name)) > 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if s.uses > 0 || t.closed || t.services[s.name] != s || s.endpointer == nil {
		return
	}
	delete(t.services, s.name)
	t.work.Go(s.endpointer.Close) // which waits for its caller
}

// CloseIdleConnections is for http.Client.
func (t *Transport) CloseIdleConnections() {
	if base, ok := t.base().(interface{ CloseIdleConnections() }); ok {
		base.CloseIdleConnections()
	}
}

// Close stops following services. Later requests fail; requests in flight go on. The connections
// of a Base that was given stay open. It is safe to call twice.
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
	t.work.Wait()
	if t.Base == nil {
		t.CloseIdleConnections()
	}
}

func (t *Transport) base() http.RoundTripper {
	if t.Base != nil {
		return t.Base
	}
	t.straightOnce.Do(func() { t.straight = straight() })
	return t.straight
}

// straight returns http.DefaultTransport without a proxy: the proxy of the environment is for the
// world outside, and knows no instances. A program's own http.DefaultTransport is used unchanged.
func straight() http.RoundTripper {
	usual, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return http.DefaultTransport
	}
	direct := usual.Clone()
	direct.Proxy = nil
	return direct
}
