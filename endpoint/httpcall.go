package endpoint

import (
	"context"
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

// httpCallKey is where the context has it: what stands between here and an instance sees an *http.Request.
type httpCallKey struct{}

// sendTo is the endpoint of an instance, from *http.Request to *http.Response.
func sendTo(base http.RoundTripper, instance string) Endpoint {
	return func(ctx context.Context, _ any) (any, error) {
		c := ctx.Value(httpCallKey{}).(*httpCall)
		body, err := c.body()
		if err != nil {
			return nil, err
		}
		sent := c.request.WithContext(ctx)
		url := *sent.URL
		url.Host, sent.URL, sent.Body = instance, &url, body
		if sent.Host == "" {
			sent.Host = c.request.URL.Host
		}
		response, err := base.RoundTrip(sent)
		if err != nil {
			return nil, err
		}
		response.Request = c.request.WithContext(ctx) // which keeps the context of a body from being collected
		return response, nil
	}
}

// body gives the request's own the first time, then others of the same content.
func (c *httpCall) body() (io.ReadCloser, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.used || c.request.GetBody == nil {
		c.used = true
		return c.request.Body, nil
	}
	return c.request.GetBody()
}

// end closes a body that nobody was given, as a RoundTripper must.
func (c *httpCall) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.used && c.request.Body != nil {
		c.request.Body.Close()
	}
}
