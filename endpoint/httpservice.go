package endpoint

import (
	"io"
	"net/http"
	"sync"

	"github.com/grapevine-go/grapevine/balancer"
)

// httpService calls one service.
type httpService struct {
	name       string
	uses       int // requests in flight; the transport's lock is held for it
	begin      sync.Once
	endpointer *Endpointer

	idempotent, unsent, once Endpoint
}

// begin makes the endpoints of a service.
func (t *Transport) begin(s *httpService) {
	s.endpointer = newEndpointer(t.View, s.name, t.factory(), t.EndpointerOptions)
	var policy balancer.Policy
	if t.Policy != nil {
		policy = t.Policy()
	}
	options := append([]BalancerOption{FailureIfResponse(serverFailed)}, t.BalancerOptions...)
	b := NewBalancer(s.endpointer, policy, options...)
	s.idempotent, s.unsent, s.once = httpRetries(b, t.RetryOptions)
	s.endpointer.subscribe(func([]*client) { t.releaseGone(s) }) // takes t.mu under the endpointer's lock
}

func serverFailed(response any) bool {
	return response.(*http.Response).StatusCode >= http.StatusInternalServerError
}

// httpRetries gives an endpoint for requests that may be sent twice, one for those that may be sent once, and one for those
// that can be sent once only. They have one budget.
func httpRetries(b *Balancer, options []RetryOption) (idempotent, unsent, once Endpoint) {
	with := func(more ...RetryOption) *retry {
		return newRetry(b, append(options[:len(options):len(options)], more...))
	}
	first := with()
	notTwice := func(r *retry) { r.budget, r.attempt = first.budget, b.attempt }
	return first.call, with(notTwice, RetryIf(Unsent)).call, with(notTwice, MaxAttempts(1)).call
}

func (s *httpService) endpointFor(request *http.Request) Endpoint {
	switch {
	case request.Body != nil && request.Body != http.NoBody && request.GetBody == nil:
		return s.once
	case isIdempotent(request):
		return s.idempotent
	default:
		return s.unsent
	}
}

// isIdempotent goes by RFC 9110, section 9.2.2, and the headers that net/http knows, which count
// without a value, too.
func isIdempotent(request *http.Request) bool {
	switch request.Method {
	case "", http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace, http.MethodPut, http.MethodDelete:
		return true
	default:
		_, key := request.Header["Idempotency-Key"]
		_, xKey := request.Header["X-Idempotency-Key"]
		return key || xKey
	}
}

func (t *Transport) factory() Factory {
	base := t.base()
	factory := func(instance string) (Endpoint, io.Closer, error) { return sendTo(base, instance), nil, nil }
	return PerInstance(PerInstance(factory, t.Middleware), func(string) Middleware { return eachAttempt })
}
