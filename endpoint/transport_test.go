package endpoint

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/balancer"
)

// internet is an http.RoundTripper without a network: by the address, what an instance does with the body of a request.
type internet struct {
	mu    sync.Mutex
	hosts map[string]func(ctx context.Context, body string) (status int, err error)
	log   []string // "GET b:80/path body"
}

func (n *internet) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
		r.Body.Close()
	}
	n.mu.Lock()
	n.log = append(n.log, strings.TrimSpace(fmt.Sprint(r.Method, " ", r.URL.Host, r.URL.Path, " ", string(body))))
	host := n.hosts[r.URL.Host]
	n.mu.Unlock()
	status := http.StatusOK
	if host != nil {
		var err error
		if status, err = host(r.Context(), string(body)); err != nil {
			return nil, err
		}
	}
	answer := fmt.Sprintf("%s says %d to %s", r.URL.Host, status, r.Host)
	return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(answer)), Request: r}, nil
}

func refuse(context.Context, string) (int, error) { return 0, errRefused }
func hangs(context.Context, string) (int, error)  { return 0, io.EOF }

func (n *internet) check(t *testing.T, want ...string) {
	t.Helper()
	if !slices.Equal(n.log, want) {
		t.Errorf("sent %q, want %q", n.log, want)
	}
}

// transportOf is, in a bubble, a Transport to users at a, b and c, in this order.
func transportOf(t *testing.T, n *internet, options ...RetryOption) *Transport {
	transport := &Transport{View: newTown("a", "b", "c").View(), Base: n, RetryOptions: options,
		Policy: func() balancer.Policy { return first }}
	t.Cleanup(transport.Close)
	return transport
}

func ask(t *testing.T, transport *Transport, method, url string, body io.Reader, header ...string) (string, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range header {
		request.Header.Set(name, "7")
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	answer, _ := io.ReadAll(response.Body)
	return string(answer), nil
}

func TestTransportCallsAServiceByName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := new(internet)
		transport := transportOf(t, n)
		for _, url := range []string{"http://users/7", "http://Users/8?x=y"} {
			if got, err := ask(t, transport, http.MethodGet, url, nil); !strings.HasPrefix(strings.ToLower(got), "a:80 says 200 to users") || err != nil {
				t.Errorf("GET %s: %q, %v", url, got, err)
			}
		}
		n.check(t, "GET a:80/7", "GET a:80/8")
	})
}

// Who gets a request, when the first two instances do not answer.
func TestTransportRetries(t *testing.T) {
	const all, one = "a b c", "a"
	text := func() io.Reader { return strings.NewReader("text") }
	stream := func() io.Reader { return io.MultiReader(text()) } // without GetBody
	for name, tt := range map[string]struct {
		method string
		body   func() io.Reader
		host   func(context.Context, string) (int, error)
		header []string
		want   string
	}{
		"GET, refused":                {http.MethodGet, nil, refuse, nil, all},
		"GET, hung up":                {http.MethodGet, nil, hangs, nil, all},
		"PUT, hung up":                {http.MethodPut, text, hangs, nil, all},
		"POST, refused":               {http.MethodPost, text, refuse, nil, all},
		"POST, hung up":               {http.MethodPost, text, hangs, nil, one},
		"POST with a key, hung up":    {http.MethodPost, text, hangs, []string{"Idempotency-Key"}, all},
		"PATCH without body, refused": {http.MethodPatch, nil, refuse, nil, all},
		"PUT of a stream, refused":    {http.MethodPut, stream, refuse, nil, one},
		"GET, unavailable":            {http.MethodGet, nil, func(context.Context, string) (int, error) { return 503, nil }, nil, one},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := &internet{hosts: map[string]func(context.Context, string) (int, error){"a:80": tt.host, "b:80": tt.host}}
				var body io.Reader
				if tt.body != nil {
					body = tt.body()
				}
				ask(t, transportOf(t, n), tt.method, "http://users/", body, tt.header...)
				var want []string
				for host := range strings.FieldsSeq(tt.want) {
					sent := tt.method + " " + host + ":80/"
					if body != nil {
						sent += " text"
					}
					want = append(want, sent)
				}
				n.check(t, want...)
			})
		})
	}
}

func TestTransportErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		transport := transportOf(t, &internet{hosts: map[string]func(context.Context, string) (int, error){"a:80": hangs}})
		closed := transportOf(t, new(internet))
		closed.Close()
		for name, tt := range map[string]struct {
			transport *Transport
			url       string
			want      error
			says      string
		}{
			"another service": {transport, "http://nobody/", ErrNoEndpoints, `service "nobody"`},
			"a port":          {transport, "http://users:80/", nil, "has a port"},
			"closed":          {closed, "http://users/", net.ErrClosed, "Transport"},
			"an instance's":   {transport, "http://users/", io.EOF, "EOF"},
			"no name":         {transport, "http:///", ErrNoEndpoints, ""},
		} {
			body := &watched{Reader: strings.NewReader("text")}
			_, err := ask(t, tt.transport, http.MethodPost, tt.url, body)
			if err == nil || tt.want != nil && !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%s: %v", name, err)
			}
			if !body.closed {
				t.Errorf("%s: the body is not closed", name)
			}
		}
		if _, err := transport.RoundTrip(&http.Request{}); err == nil {
			t.Error("a request without a URL was sent")
		}
		if len(transport.services) != 1 {
			t.Errorf("%d services are remembered", len(transport.services))
		}
	})
}

// watched is a body that notices its end.
type watched struct {
	io.Reader
	closed bool
}

func (w *watched) Close() error { w.closed = true; return nil }

// A status from 500 on is a failure of the instance, and goes to the caller as it is.
func TestTransportStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		status := 0
		n := &internet{hosts: map[string]func(context.Context, string) (int, error){
			"a:80": func(context.Context, string) (int, error) { return status, nil }}}
		for _, status = range []int{200, 404, 499, 500, 503} {
			var of *balancer.Candidate
			transport := transportOf(t, n)
			transport.Policy = func() balancer.Policy {
				return func(s *balancer.Set) balancer.Picker {
					of = s.Candidates[0]
					return first(s)
				}
			}
			got, err := ask(t, transport, http.MethodGet, "http://users/", nil)
			if failed := of.Errors() > 0; got != fmt.Sprintf("a:80 says %d to users", status) || err != nil || failed != (status >= 500) {
				t.Errorf("%d: %q, %v, failed %v", status, got, err, failed)
			}
		}
	})
}

// Hedges double what may be sent twice, nothing else, and each attempt has a body of its own.
func TestTransportHedges(t *testing.T) {
	slow := func(ctx context.Context, _ string) (int, error) {
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(time.Second):
			return http.StatusOK, nil
		}
	}
	for method, want := range map[string][]string{
		http.MethodPut:  {"PUT a:80/ text", "PUT b:80/ text"},
		http.MethodPost: {"POST a:80/ text"},
	} {
		synctest.Test(t, func(t *testing.T) {
			n := new(internet)
			transport := transportOf(t, n, Hedged())
			for range leastSeen {
				ask(t, transport, method, "http://users/", strings.NewReader("text"))
			}
			n.log, n.hosts = nil, map[string]func(context.Context, string) (int, error){"a:80": slow}
			if _, err := ask(t, transport, method, "http://users/", strings.NewReader("text")); err != nil {
				t.Error(err)
			}
			n.check(t, want...)
		})
	}
}

// One budget bounds the retries of all kinds of requests.
func TestTransportHasOneBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &internet{hosts: map[string]func(context.Context, string) (int, error){"a:80": refuse, "b:80": refuse, "c:80": refuse}}
		transport := transportOf(t, n, Budget(0))
		for range 20 {
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				if _, err := ask(t, transport, method, "http://users/", nil); !errors.Is(err, syscall.ECONNREFUSED) {
					t.Error(err)
				}
			}
		}
		if got := len(n.log) - 40; got != freePerSec {
			t.Errorf("%d retries, want %d", got, freePerSec)
		}
	})
}

// A service whose instances are all filtered out does not hold up a request.
func TestTransportWithoutInstances(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		transport := transportOf(t, new(internet), MaxAttempts(1))
		transport.EndpointerOptions = []EndpointerOption{WithVersion("v7")}
		began := time.Now()
		_, err := ask(t, transport, http.MethodGet, "http://users/", nil)
		if took := time.Since(began); !errors.Is(err, ErrNoEndpoints) || took != 0 {
			t.Errorf("%v after %v", err, took)
		}
	})
}

// Options and middleware see requests and responses of net/http.
func TestTransportTypes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &internet{hosts: map[string]func(context.Context, string) (int, error){"a:80": refuse}}
		transport := transportOf(t, n, plenty, Hedged(HedgeIf(func(request any) bool { return request.(*http.Request).Method == http.MethodGet })))
		transport.BalancerOptions = []BalancerOption{FailureIfResponse(func(response any) bool { return response.(*http.Response).StatusCode == 1 })}
		var through []string
		transport.Middleware = func(instance string) Middleware {
			return func(next Endpoint) Endpoint {
				return func(ctx context.Context, request any) (any, error) {
					through = append(through, request.(*http.Request).URL.Host+" at "+instance)
					return next(ctx, request)
				}
			}
		}
		for range leastSeen + 1 {
			if got, err := ask(t, transport, http.MethodGet, "http://users/", nil); err != nil || got != "b:80 says 200 to users" {
				t.Fatal(got, err)
			}
		}
		if got := strings.Join(through[:2], ", "); got != "users at a:80, users at b:80" {
			t.Errorf("through %s", got)
		}
	})
}

// What cannot be sent is an error that says what to do.
func TestTransportThatIsNotReady(t *testing.T) {
	request, _ := http.NewRequest("GET", "http://users/", nil)
	if _, err := new(Transport).RoundTrip(request); err == nil || !strings.Contains(err.Error(), "View") {
		t.Errorf("without a view: %v", err)
	}
	if _, err := (&Transport{View: newTown().View()}).RoundTrip(new(http.Request)); err == nil || !strings.Contains(err.Error(), "URL") {
		t.Errorf("without a URL: %v", err)
	}
}
