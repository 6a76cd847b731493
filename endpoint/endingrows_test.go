package endpoint_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/endpoint"
)

// Who is at fault.
const (
	nobody   = "nobody"
	caller   = "caller"
	instance = "instance"
	unknown  = "unknown"
)

// What follows: retried / failure / told to the node.
const (
	nothing_ = "no / no / no"
	failure  = "no / yes / no"
	unsent   = "yes / yes / no"
	late     = "no / yes / timed out"
)

var endings = map[string]ending{
	"a response of 2xx": {fault: nobody, http: nothing_, kit: nothing_},
	"a response of 3xx": {fault: nobody, http: nothing_, kit: nothing_,
		handler: http.RedirectHandler("/new", http.StatusTemporaryRedirect).ServeHTTP},
	"a response of 4xx": {fault: caller, http: nothing_, kit: none, handler: status(404)},
	"a response of 429": {fault: caller, http: nothing_, kit: none, handler: status(429)},
	"a response of 5xx": {fault: instance, http: failure, kit: none, handler: status(503)},
	"a refusal to go on (Expect: 100-continue)": {fault: caller, http: nothing_, kit: none,
		handler: status(417),
		edit:    func(r *http.Request) { r.Header.Set("Expect", "100-continue") }},
	"an error of the application": {fault: instance, http: none, kit: "RetryIf / yes / no",
		then: func(context.Context, func(), *http.Response) error { return errors.New("out of order") }},

	"a refused dial": {fault: instance, http: "yes / yes / refused", kit: "yes / yes / refused",
		base: dial(syscall.ECONNREFUSED)},
	"no route": {fault: unknown, http: unsent, kit: unsent,
		base: dial(syscall.EHOSTUNREACH)},
	"a host that is not found": {fault: unknown, http: unsent, kit: unsent,
		base: dial(&net.DNSError{Err: "no such host", IsNotFound: true})},
	"a dial that took too long": {fault: unknown, http: "yes / yes / timed out", kit: "yes / yes / timed out",
		base: dial(os.ErrDeadlineExceeded)},
	"a certificate that is not trusted": {fault: unknown, http: unsent, kit: unsent, secured: true},
	"no TLS where it is expected": {fault: unknown, http: unsent, kit: unsent,
		edit: func(r *http.Request) { r.URL.Scheme = "https" }},

	"a reset before an answer": {fault: instance, http: "idempotent / yes / reset", kit: "RetryIf / yes / reset",
		handler: hangUp("", true)},
	"an end before an answer": {fault: instance, http: "idempotent / yes / reset", kit: "RetryIf / yes / reset",
		handler: hangUp("", false)},
	"a reset within the header": {fault: instance, http: "idempotent / yes / reset", kit: "RetryIf / yes / reset",
		handler: hangUp("HTTP/1.1 200 OK\r\nA: b\r\n", false)},
	"a malformed answer": {fault: instance, http: "idempotent / yes / no", kit: "RetryIf / yes / no",
		handler: hangUp("hello\r\n\r\n", false)},
	"a reset of its stream": {fault: instance, http: "idempotent / yes / no", kit: "RetryIf / yes / no",
		secured: true, base: trusting, handler: abort},
	"a body that ends too soon": {fault: instance, http: nothing_, kit: "RetryIf / yes / reset",
		handler: hangUp("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart", false)},
	"an idle connection that the server had closed": {
		fault:  nobody,
		http:   "idempotent / no / no",
		kit:    "RetryIf / no / no",
		around: closedIdle,
	},

	"a cancellation before the call": {fault: caller, http: nothing_, kit: nothing_,
		within: canceledBefore},
	"a cancellation while waiting": {fault: caller, http: nothing_, kit: nothing_,
		handler: hold, within: canceledSoon},
	"a cancellation while the body is read": {fault: caller, http: nothing_, kit: nothing_,
		handler: part, then: cancelFirst},
	"a body that the caller does not read": {fault: caller, http: nothing_, kit: none,
		handler: part, then: func(context.Context, func(), *http.Response) error { return nil }},
	"Request.Cancel": {fault: caller, http: nothing_, kit: none,
		handler: hold, edit: stopSoon},
	"a deadline over before the call": {fault: caller, http: nothing_, kit: nothing_,
		within: lateBefore},
	"a deadline while dialling": {fault: unknown, http: late, kit: late,
		within: soon, base: dialForever},
	"a deadline while waiting": {fault: instance, http: late, kit: late,
		within: soon, handler: hold},
	"a deadline with a cause while waiting": {fault: instance, http: late, kit: late,
		within: soonWithCause, handler: hold},
	"a deadline while the body is read": {fault: instance, http: nothing_, kit: late,
		within: soon, handler: part},
	"a deadline while the caller's body is waited for": {fault: caller, http: nothing_, kit: none,
		within: soon, handler: hold, edit: body(blocked{})},
	"the time of PerTryTimeout": {
		fault:   instance,
		http:    "idempotent / yes / timed out",
		kit:     "RetryIf / yes / timed out",
		handler: hold,
		options: []endpoint.RetryOption{endpoint.PerTryTimeout(30 * time.Millisecond)},
	},
	"the time of http.Client": {fault: instance, http: late, kit: "RetryIf / yes / timed out",
		handler: hold, client: http.Client{Timeout: 30 * time.Millisecond}},
	"the time for the header": {fault: instance, http: "idempotent / yes / timed out", kit: "RetryIf / yes / timed out",
		handler: hold,
		base: func(_ *testing.T, base *http.Transport, _ *httptest.Server) {
			base.ResponseHeaderTimeout = 30 * time.Millisecond
		}},
	"an endpoint that ignores its context": {fault: instance, http: late, kit: late,
		within: soon, middleware: deaf},

	"an invalid method": {fault: caller, http: nothing_, kit: nothing_,
		edit: func(r *http.Request) { r.Method = "GE T" }},
	"an invalid header": {fault: caller, http: nothing_, kit: nothing_,
		edit: func(r *http.Request) { r.Header["X-Bad"] = []string{"a\nb"} }},
	"an invalid trailer": {fault: caller, http: nothing_, kit: nothing_,
		edit: func(r *http.Request) { r.Trailer = http.Header{"a b": nil} }},
	"an unknown scheme": {fault: caller, http: nothing_, kit: nothing_,
		edit: func(r *http.Request) { r.URL.Scheme = "ftp" }},
	"no URL": {fault: caller, http: nothing_, kit: nothing_,
		edit: func(r *http.Request) { r.URL = nil }},
	"a request that cannot be encoded": {fault: caller, http: none, kit: nothing_,
		encode: encode(make(chan int))},
	"a request body that cannot be read": {fault: caller, http: nothing_, kit: nothing_,
		edit: body(broken{errors.New("disk gone")})},
	"a request body that breaks off": {fault: caller, http: nothing_, kit: nothing_,
		edit: body(broken{io.ErrUnexpectedEOF})},
	"a request body that breaks off, over HTTP/2": {fault: caller, http: nothing_, kit: "RetryIf / yes / reset",
		secured: true, base: trusting, edit: body(broken{io.ErrUnexpectedEOF})},
	"a request body whose time is over": {fault: caller, http: nothing_, kit: nothing_,
		edit: body(broken{os.ErrDeadlineExceeded})},
	"a request body that is too short": {fault: caller, http: nothing_, kit: nothing_,
		edit: func(r *http.Request) { r.ContentLength = 9 }},
	"a request body that is too long": {fault: caller, http: nothing_, kit: nothing_,
		edit: func(r *http.Request) { r.ContentLength = 2 }},
	"a GetBody that fails": {fault: caller, http: nothing_, kit: none,
		around: rewinding, edit: func(r *http.Request) {
			r.GetBody = func() (io.ReadCloser, error) { return nil, errors.New("disk gone") }
		}},
	"an error of CallerError": {fault: caller, http: nothing_, kit: nothing_,
		middleware: failing(endpoint.CallerError(errors.New("no token")))},
	"an error of NotSent": {fault: instance, http: unsent, kit: unsent,
		middleware: failing(endpoint.NotSent(errors.New("breaker open")))},
	"an error before a connection is asked for": {fault: caller, http: nothing_, kit: nothing_,
		around: failingBase},
	"an error of middleware": {fault: caller, http: nothing_, kit: "RetryIf / yes / no",
		middleware: failing(errors.New("no token"))},
	"a panic of an endpoint": {fault: instance, http: failure, kit: failure,
		middleware: panicking},
	"a hedge that was answered first": {fault: nobody, http: nothing_, kit: nothing_,
		before: 100, attempts: 2, handler: firstHangs(),
		options: []endpoint.RetryOption{endpoint.Hedged(endpoint.HedgeBudget(1))}},
	"no instance to call": {fault: nobody, http: nothing_, kit: nothing_, nobody: true},
}

func answer(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	io.WriteString(w, "answer")
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

func abort(_ http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	panic(http.ErrAbortHandler)
}

// hangUp writes something and closes the connection, or resets it.
func hangUp(text string, reset bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		conn, _, _ := w.(http.Hijacker).Hijack()
		io.WriteString(conn, text)
		if tcp, ok := conn.(*net.TCPConn); ok && reset {
			tcp.SetLinger(0)
		}
		conn.Close()
	}
}

// hold answers when the caller has gone.
func hold(_ http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

func part(w http.ResponseWriter, r *http.Request) {
	io.WriteString(w, "part")
	w.(http.Flusher).Flush()
	hold(w, r)
}

// firstHangs is for three servers with one handler: the first request that is not to warm up is
// held.
func firstHangs() http.HandlerFunc {
	var held atomic.Int64
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" && held.Add(1)%2 == 1 {
			hold(w, r)
			return
		}
		answer(w, r)
	}
}

func dial(err error) func(*testing.T, *http.Transport, *httptest.Server) {
	return func(_ *testing.T, base *http.Transport, _ *httptest.Server) {
		base.DialContext = func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: err}
		}
	}
}

func dialForever(_ *testing.T, base *http.Transport, _ *httptest.Server) {
	base.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
}

func trusting(_ *testing.T, base *http.Transport, server *httptest.Server) {
	base.TLSClientConfig = server.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// closedIdle is what net/http does where a server closes a connection just as a request is
// written to it.
func closedIdle(http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		r.Body.Close()
		trace := httptrace.ContextClientTrace(r.Context())
		trace.GetConn(r.URL.Host)
		trace.GotConn(httptrace.GotConnInfo{Reused: true, WasIdle: true})
		return nil, errors.New("http: server closed idle connection")
	})
}

// failingBase is a RoundTripper of the caller's that needs something else first.
func failingBase(http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		r.Body.Close()
		return nil, errors.New("no token")
	})
}

// rewinding has the body again before it sends it, as net/http has after a connection broke that
// had been idle.
func rewinding(base http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		body, err := r.GetBody()
		if err != nil {
			return nil, fmt.Errorf("rewind: %w", err)
		}
		body.Close()
		return base.RoundTrip(r)
	})
}

func canceledBefore(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	return ctx, cancel
}

func lateBefore(ctx context.Context) (context.Context, func()) {
	return context.WithDeadline(ctx, time.Now().Add(-time.Second))
}

func soonWithCause(ctx context.Context) (context.Context, func()) {
	return context.WithTimeoutCause(ctx, 30*time.Millisecond, errCause)
}

func canceledSoon(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	time.AfterFunc(30*time.Millisecond, cancel)
	return ctx, cancel
}

func cancelFirst(_ context.Context, cancel func(), response *http.Response) error {
	cancel()
	_, err := io.ReadAll(response.Body)
	return err
}

func stopSoon(r *http.Request) {
	stop := make(chan struct{})
	time.AfterFunc(30*time.Millisecond, func() { close(stop) })
	r.Cancel = stop //lint:ignore SA1019 callers may still use it
}

func body(rest io.Reader) func(*http.Request) {
	return func(r *http.Request) {
		r.Body, r.ContentLength = io.NopCloser(
			io.MultiReader(strings.NewReader("begin"), withContext(r.Context(), rest))), -1
		r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("text")), nil }
	}
}

type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }

// blocked has nothing to read until the call is over.
type blocked struct{ ctx context.Context }

func withContext(ctx context.Context, r io.Reader) io.Reader {
	if _, ok := r.(blocked); ok {
		return blocked{ctx}
	}
	return r
}

func (b blocked) Read([]byte) (int, error) {
	<-b.ctx.Done()
	time.Sleep(20 * time.Millisecond) // as a source that does not know of the call
	return 0, io.EOF
}

func encode(what any) func(context.Context, *http.Request) error {
	return func(context.Context, *http.Request) error { return json.NewEncoder(io.Discard).Encode(what) }
}

func failing(err error) endpoint.Middleware {
	return func(endpoint.Endpoint) endpoint.Endpoint {
		return func(context.Context, any) (any, error) { return nil, err }
	}
}

func panicking(endpoint.Endpoint) endpoint.Endpoint {
	return func(context.Context, any) (any, error) { panic("no such thing") }
}

// deaf goes on for a while after its context has ended.
func deaf(endpoint.Endpoint) endpoint.Endpoint {
	return func(ctx context.Context, _ any) (any, error) {
		<-ctx.Done()
		time.Sleep(50 * time.Millisecond)
		return nil, &url.Error{Op: "Get", URL: "http://a", Err: errors.New("late")}
	}
}
