package endpoint_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
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

// ending is one way in which a call can end, as a row of docs/calls.md. A cell says whether the
// call is retried, whether it is a failure for the balancer, and what the node is told: "yes /
// yes / refused". Retried is "yes" where nothing was sent, "idempotent" where the method decides,
// and "RetryIf" where that option does. A cell may be "–": there is no such ending.
type ending struct {
	fault, http, kit string

	handler    http.HandlerFunc                                    // of each instance; nil answers
	addresses  []string                                            // instead of servers that run
	nobody     bool                                                // offers the service
	secured    bool                                                // over HTTP/2, with a certificate that base may know
	base       func(*testing.T, *http.Transport, *httptest.Server) // edits what sends
	around     func(http.RoundTripper) http.RoundTripper           // stands before it
	edit       func(*http.Request)                                 // of the caller
	within     func(context.Context) (context.Context, func())     // the caller's context
	client     http.Client                                         // for its Timeout
	options    []endpoint.RetryOption                              // of Retry
	middleware endpoint.Middleware                                 // of each instance
	before     int                                                 // calls that come before, to /warm
	then       func(context.Context, func(), *http.Response) error // what the caller does with a response
	attempts   int                                                 // that are no retries; 0 means 1
	encode     func(context.Context, *http.Request) error          // of Go kit's client, before the request is sent
}

// TestEndings holds that each way in which a call can end has the consequences that docs/calls.md
// says, twenty times over.
func TestEndings(t *testing.T) {
	rows := documentedEndings(t)
	for name, e := range endings {
		t.Run(name, func(t *testing.T) {
			row, ok := rows[name]
			if !ok {
				t.Fatalf("docs/calls.md has no row %q", name)
			}
			got := []string{e.fault, e.http, e.kit}
			if e.http != none {
				got[1] = consequences(t, e, overHTTP, "idempotent")
			}
			if e.kit != none {
				got[2] = consequences(t, e, overKit, "RetryIf")
			}
			if want := []string{e.fault, e.http, e.kit}; !slices.Equal(got, want) {
				t.Errorf("fault, net/http, Go kit: got %q, want %q", got, want)
			}
			if !slices.Equal(row, got) {
				t.Errorf("docs/calls.md says %q, and it is %q", row, got)
			}
		})
	}
	for name := range rows {
		if _, ok := endings[name]; !ok {
			t.Errorf("row %q of docs/calls.md has no test", name)
		}
	}
}

const none = "–"

// documentedEndings returns the cells of the table by the name of their row.
func documentedEndings(t *testing.T) map[string][]string {
	file, err := os.Open("../docs/calls.md")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows := make(map[string][]string)
	for lines := bufio.NewScanner(file); lines.Scan(); {
		cells := strings.Split(strings.Trim(lines.Text(), "| "), " | ")
		if len(cells) == 4 && cells[0] != "the call ends with" && !strings.HasPrefix(cells[0], "-") {
			rows[cells[0]] = cells[1:]
		}
	}
	return rows
}

// a way of calling: sure has it retry no more than it must.
type way func(t *testing.T, e ending, r *rig, sure bool)

// consequences makes the call twice, for whether it is retried in any case or only by choice.
func consequences(t *testing.T, e ending, by way, choice string) string {
	var seen [2]*rig
	for i, sure := range []bool{false, true} {
		seen[i] = newRig(t, e)
		if sure && e.attempts > 0 { // what is not idempotent has one attempt
			break
		}
		by(t, e, seen[i], sure)
	}
	words := map[[2]bool]string{{false, false}: "no", {true, false}: choice, {true, true}: "yes"}
	retried := words[[2]bool{seen[0].retried(e), seen[1].retried(e)}]
	return fmt.Sprintf("%s / %s / %s", retried, seen[0].failed(), seen[0].told())
}

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
