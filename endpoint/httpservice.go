package endpoint

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/grapevine-go/grapevine/balancer"
)

// firstInstances is how long the first requests wait for the instances to be made, which takes no time to speak of.
const firstInstances = time.Second

// httpService is what calls one service.
type httpService struct {
	name       string
	begin      sync.Once
	endpointer *Endpointer
	ready      chan struct{} // closed once there are instances
	until      time.Time

	idempotent, unsent, once Endpoint
}

func (s *httpService) await(ctx context.Context) {
	select {
	case <-s.ready:
		return
	default:
	}
	timer := time.NewTimer(time.Until(s.until))
	defer timer.Stop()
	select {
	case <-s.ready:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// begin makes what calls a service.
func (t *Transport) begin(s *httpService) {
	s.until = time.Now().Add(firstInstances)
	s.endpointer = NewEndpointer(t.View, s.name, t.factory(), t.EndpointerOptions...)
	policy := balancer.LeastRequest
	if t.Policy != nil {
		policy = t.Policy
	}
	b := NewBalancer(s.endpointer, policy(), append([]BalancerOption{FailureIfResponse(serverFailed)}, t.BalancerOptions...)...)
	s.idempotent, s.unsent, s.once = httpRetries(b, t.RetryOptions)
	var once sync.Once
	s.endpointer.subscribe(func(clients []*client) { // after the balancer, and with the endpointer's lock held
		if len(clients) > 0 && len(clients) == len(s.endpointer.clients) {
			once.Do(func() { close(s.ready) })
		}
	})
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

// isIdempotent goes by RFC 9110, section 9.2.2, and the header that net/http knows.
func isIdempotent(request *http.Request) bool {
	switch request.Method {
	case "", http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace, http.MethodPut, http.MethodDelete:
		return true
	default:
		return request.Header.Get("Idempotency-Key") != "" || request.Header.Get("X-Idempotency-Key") != ""
	}
}

func (t *Transport) factory() Factory {
	base := t.base()
	factory := func(instance string) (Endpoint, io.Closer, error) { return sendTo(base, instance), nil, nil }
	if t.Middleware == nil {
		return factory
	}
	return PerInstance(factory, t.Middleware)
}
