package endpoint_test

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/endpoint"
	"github.com/grapevine-go/grapevine/membership"
)

// rig is three instances, and what is seen of the calls to them.
type rig struct {
	view   *membership.View
	base   http.RoundTripper
	scheme string

	set   atomic.Pointer[balancer.Set]
	tries atomic.Int64
	mu    sync.Mutex
	told_ []membership.Evidence
}

func newRig(t *testing.T, e ending) *rig {
	r := &rig{scheme: "http"}
	base := http.DefaultTransport.(*http.Transport).Clone()
	base.Proxy, base.DisableKeepAlives = nil, true
	t.Cleanup(base.CloseIdleConnections)
	addresses := slices.Clone(e.addresses)
	for range 3 - len(addresses) {
		if e.nobody {
			break
		}
		server := httptest.NewUnstartedServer(e.handler)
		server.Config.ErrorLog = log.New(io.Discard, "", 0)
		if server.Config.Handler = e.handler; e.handler == nil {
			server.Config.Handler = http.HandlerFunc(answer)
		}
		if e.secured {
			r.scheme, server.EnableHTTP2 = "https", true
			server.StartTLS()
		} else {
			server.Start()
		}
		t.Cleanup(server.Close)
		addresses = append(addresses, server.Listener.Addr().String())
		if e.base != nil {
			e.base(t, base, server)
		}
	}
	if r.base = base; e.around != nil {
		r.base = e.around(base)
	}
	store := storeOf(addresses...)
	store.OnReport(func(_ membership.Instance, evidence membership.Evidence) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.told_ = append(r.told_, evidence)
	})
	r.view = store.View()
	return r
}

// policy is round robin, and lets a test see what is held against the instances.
func (r *rig) policy() balancer.Policy {
	inner := balancer.RoundRobin()
	return func(s *balancer.Set) balancer.Picker {
		r.set.Store(s)
		return inner(s)
	}
}

func (r *rig) retried(e ending) bool { return r.tries.Load() > int64(max(e.attempts, 1)) }

func (r *rig) failed() string {
	set := r.set.Load()
	if set == nil {
		return "no"
	}
	for _, candidate := range set.Candidates {
		if candidate.Errors() > 0 {
			return "yes"
		}
	}
	return "no"
}

func (r *rig) told() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.told_) == 0 {
		return "no"
	}
	return strings.TrimPrefix(string(r.told_[0]), "connection ")
}

func (r *rig) counting(next endpoint.Endpoint) endpoint.Endpoint {
	return func(ctx context.Context, request any) (any, error) {
		r.tries.Add(1)
		return next(ctx, request)
	}
}

// overHTTP calls through a Transport: with a method that is idempotent, or to be sure with one
// that is not.
func overHTTP(t *testing.T, e ending, r *rig, sure bool) {
	transport := &endpoint.Transport{View: r.view, Base: r.base, Policy: r.policy, RetryOptions: e.options}
	transport.Middleware = func(string) endpoint.Middleware {
		return func(next endpoint.Endpoint) endpoint.Endpoint {
			if e.middleware != nil {
				next = e.middleware(next)
			}
			return r.counting(next)
		}
	}
	defer transport.Close()
	client := e.client
	client.Transport, client.CheckRedirect = transport, stay
	warm(t, e, r, func() (*http.Response, error) {
		return client.Do(e.request(t, t.Context(), r.scheme, "users", "/warm", sure))
	})
	ctx, cancel := e.context(t.Context())
	defer cancel()
	defer func() { recover() }()
	response, err := client.Do(e.request(t, ctx, r.scheme, "users", "/", sure))
	if err == nil {
		finish(ctx, cancel, e, response)
	}
}

// overKit calls through Retry, with the endpoints of a program that uses net/http. The response
// is read within.
func overKit(t *testing.T, e ending, r *rig, sure bool) {
	client := e.client
	client.Transport, client.CheckRedirect = r.base, stay
	path := "/warm"
	ctx, cancel := e.context(t.Context())
	defer cancel()
	factory := func(instance string) (endpoint.Endpoint, io.Closer, error) {
		call := func(ctx context.Context, _ any) (any, error) {
			request := e.request(t, ctx, r.scheme, instance, path, sure)
			if e.encode != nil {
				if err := e.encode(ctx, request); err != nil {
					return nil, err
				}
			}
			response, err := client.Do(request)
			if err != nil || path == "/warm" {
				return response, err
			}
			return nil, finish(ctx, cancel, e, response)
		}
		if e.middleware != nil {
			call = e.middleware(call)
		}
		return r.counting(call), nil, nil
	}
	endpointer := endpoint.NewEndpointer(r.view, "users", factory)
	defer endpointer.Close()
	options := e.options
	if sure {
		options = append(slices.Clip(options), endpoint.RetryIf(func(error) bool { return false }))
	}
	call := endpoint.Retry(endpoint.NewBalancer(endpointer, r.policy()), options...)
	warm(t, e, r, func() (*http.Response, error) {
		response, err := call(t.Context(), nil)
		if err != nil {
			return nil, err
		}
		return response.(*http.Response), nil
	})
	path = "/"
	defer func() { recover() }()
	call(ctx, nil)
}

func warm(t *testing.T, e ending, r *rig, call func() (*http.Response, error)) {
	for range e.before {
		response, err := call()
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, response.Body)
		response.Body.Close()
	}
	r.tries.Store(0)
}

func (e ending) context(ctx context.Context) (context.Context, func()) {
	if e.within != nil {
		return e.within(ctx)
	}
	return context.WithCancel(ctx)
}

func (e ending) request(t *testing.T, ctx context.Context, scheme, host, path string, sure bool) *http.Request {
	method := http.MethodPut
	if sure {
		method = http.MethodPost
	}
	request, err := http.NewRequestWithContext(ctx, method, scheme+"://"+host+path, strings.NewReader("text"))
	if err != nil {
		t.Fatal(err)
	}
	if e.edit != nil && path == "/" {
		e.edit(request)
	}
	return request
}

// finish is what the caller does with a response: it reads it.
func finish(ctx context.Context, cancel func(), e ending, response *http.Response) error {
	defer response.Body.Close()
	if e.then != nil {
		return e.then(ctx, cancel, response)
	}
	_, err := io.ReadAll(response.Body)
	return err
}

func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// soon is a deadline that passes, without anybody depending on when.
func soon(ctx context.Context) (context.Context, func()) {
	return context.WithTimeout(ctx, 30*time.Millisecond)
}
