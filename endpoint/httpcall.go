package endpoint

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
)

// httpCall is a request that may be sent more than once, also at the same time.
type httpCall struct {
	request *http.Request

	mu   sync.Mutex
	used bool // the body
}

// httpCallKey is where the context has it.
type httpCallKey struct{}

// body returns the request's own the first time, then others of the same content.
func (c *httpCall) body() (io.ReadCloser, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.used || c.request.GetBody == nil {
		c.used = true
		return c.request.Body, nil
	}
	return c.request.GetBody()
}

// end closes a body that no attempt has got, as a RoundTripper must.
func (c *httpCall) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.used && c.request.Body != nil {
		c.request.Body.Close()
	}
}

// eachAttempt goes around the middleware of an instance. The middleware sees a request of the
// attempt's own.
func eachAttempt(next Endpoint) Endpoint {
	return func(ctx context.Context, _ any) (any, error) {
		c, x := ctx.Value(httpCallKey{}).(*httpCall), exchangeOf(ctx)
		body, err := c.body()
		if err != nil {
			x.byCaller.Store(true)
			return nil, err
		}
		a := new(httpAttempt)
		a.ctx = context.WithValue(ctx, httpAttemptKey{}, a)
		a.body = x.watch(body)
		defer a.end()
		request := c.request.WithContext(a.ctx)
		request.Body = a.body
		response, err := next(a.ctx, request)
		if err != nil {
			return nil, err
		}
		answer, ok := response.(*http.Response)
		if !ok || answer == nil {
			return nil, CallerError(fmt.Errorf(
				"endpoint: Transport.Middleware returned %T: return an *http.Response or an error", response))
		}
		answer.Request = c.request.WithContext(ctx) // which keeps the context of a body from being collected
		return answer, nil
	}
}

// sendTo returns the endpoint of an instance, from *http.Request to *http.Response. It sends the
// request that the middleware passes on.
func sendTo(base http.RoundTripper, instance string) Endpoint {
	return func(ctx context.Context, passed any) (any, error) {
		request, ok := passed.(*http.Request)
		if !ok || request == nil || request.URL == nil {
			return nil, CallerError(fmt.Errorf(
				"endpoint: Transport.Middleware passed on %T: pass on an *http.Request with a URL", passed))
		}
		a, x := attemptOf(ctx, request), exchangeOf(ctx)
		sent := request.WithContext(a.contextOf(ctx, request))
		url := *request.URL
		url.Host, sent.URL = instance, &url
		if sent.Host == "" {
			sent.Host = request.URL.Host
		}
		if sent.Host == request.URL.Host && proxied(base, sent) {
			sent.Host = instance // the request line for a proxy is made of it
		}
		if err := a.take(sent); err != nil {
			x.byCaller.Store(true)
			return nil, err
		}
		x.watchRequest(sent)
		response, err := base.RoundTrip(sent)
		if err != nil {
			return nil, err
		}
		return response, nil
	}
}

// proxied reports whether base sends a request in the clear through a proxy. By CONNECT, as for
// https, it asks for the instance.
func proxied(base http.RoundTripper, sent *http.Request) bool {
	transport, ok := base.(*http.Transport)
	if !ok || transport.Proxy == nil || sent.URL.Scheme != "http" {
		return false
	}
	proxy, err := transport.Proxy(sent)
	return proxy != nil && err == nil
}
