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
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/endpoint"
)

func answer(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	io.WriteString(w, "answer")
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

// answered is an instance that answers with a problem, which the caller decodes.
func answered(fault, kit string, kind error) ending {
	return ending{fault: fault, http: none, kit: kit,
		handler: func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			endpoint.EncodeProblem(r.Context(), endpoint.NewProblem(kind, "on purpose"), w)
		},
		then: func(_ context.Context, _ func(), response *http.Response) error {
			return endpoint.DecodeProblem(response)
		}}
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

func hardlyAnyTime(ctx context.Context) (context.Context, func()) {
	return context.WithTimeout(ctx, 500*time.Microsecond)
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
