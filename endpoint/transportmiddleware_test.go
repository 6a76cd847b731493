package endpoint

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

type passedKey struct{}

// What a middleware passes on is what is sent, to the instance that was picked.
func TestTransportMiddlewarePassesOn(t *testing.T) {
	for name, tt := range map[string]struct {
		middleware func(next Endpoint, ctx context.Context, r *http.Request) (any, error)
		want       string // method, host, path, header, body, value of the context
	}{
		"as it is": {
			func(next Endpoint, ctx context.Context, r *http.Request) (any, error) { return next(ctx, r) }, "POST a:80 users /x [] text <nil>"},
		"another URL": {func(next Endpoint, ctx context.Context, r *http.Request) (any, error) {
			r = r.Clone(ctx)
			r.URL.Path, r.URL.Host = "/v2"+r.URL.Path, "elsewhere"
			return next(ctx, r)
		}, "POST a:80 users /v2/x [] text <nil>"},
		"another method and Host": {func(next Endpoint, ctx context.Context, r *http.Request) (any, error) {
			r = r.Clone(ctx)
			r.Method, r.Host = http.MethodPut, "other"
			return next(ctx, r)
		}, "PUT a:80 other /x [] text <nil>"},
		"a header": {func(next Endpoint, ctx context.Context, r *http.Request) (any, error) {
			r = r.Clone(ctx)
			r.Header.Set("X-Trace", "t-1")
			return next(ctx, r)
		}, "POST a:80 users /x [t-1] text <nil>"},
		"another body": {func(next Endpoint, ctx context.Context, r *http.Request) (any, error) {
			text, _ := io.ReadAll(r.Body)
			r = r.Clone(ctx)
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader(strings.ToUpper(string(text)))), int64(len(text))
			return next(ctx, r)
		}, "POST a:80 users /x [] TEXT <nil>"},
		"no body": {func(next Endpoint, ctx context.Context, r *http.Request) (any, error) {
			r = r.Clone(ctx)
			r.Body, r.ContentLength = nil, 0
			return next(ctx, r)
		}, "POST a:80 users /x []  <nil>"},
		"a context": {func(next Endpoint, ctx context.Context, r *http.Request) (any, error) {
			return next(context.WithValue(ctx, passedKey{}, "of the call"), r)
		}, "POST a:80 users /x [] text of the call"},
		"a context in the request": {func(next Endpoint, ctx context.Context, r *http.Request) (any, error) {
			return next(ctx, r.WithContext(context.WithValue(ctx, passedKey{}, "of the request")))
		}, "POST a:80 users /x [] text of the request"},
		"twice": {func(next Endpoint, ctx context.Context, r *http.Request) (any, error) {
			next(ctx, r)
			return next(ctx, r)
		}, "POST a:80 users /x [] text <nil>"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var got string
				base := roundTripper(func(r *http.Request) (*http.Response, error) {
					var text []byte
					if r.Body != nil {
						text, _ = io.ReadAll(r.Body)
						r.Body.Close()
					}
					got = fmt.Sprint(r.Method, " ", r.URL.Host, " ", r.Host, " ", r.URL.Path, " ",
						r.Header.Values("X-Trace"), " ", string(text), " ", r.Context().Value(passedKey{}))
					return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
				})
				transport := &Transport{View: newTown("a").View(), Base: base, Middleware: func(string) Middleware {
					return func(next Endpoint) Endpoint {
						return func(ctx context.Context, request any) (any, error) {
							return tt.middleware(next, ctx, request.(*http.Request))
						}
					}
				}}
				defer transport.Close()
				body := &watched{Reader: strings.NewReader("text")}
				request, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://users/x", body)
				request.ContentLength = 4
				request.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("text")), nil }
				response, err := transport.RoundTrip(request)
				if err != nil || got != tt.want {
					t.Fatalf("sent %q, %v, want %q", got, err, tt.want)
				}
				if !body.closed && name != "another body" {
					t.Error("the body is not closed")
				}
				if response.Request.URL.String() != "http://users/x" || request.URL.Path != "/x" {
					t.Errorf("the caller's request became %v, and that of the response %v", request.URL,
						response.Request.URL)
				}
			})
		})
	}
}

// A context that a middleware shortens ends the call.
func TestTransportMiddlewareShortens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		base := roundTripper(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		transport := &Transport{
			View:         newTown("a").View(),
			Base:         base,
			RetryOptions: []RetryOption{MaxAttempts(1)},
			Middleware: func(string) Middleware {
				return func(next Endpoint) Endpoint {
					return func(ctx context.Context, request any) (any, error) {
						ctx, cancel := context.WithTimeout(ctx, time.Second)
						defer cancel()
						return next(ctx, request)
					}
				}
			},
		}
		defer transport.Close()
		if _, err := ask(t, transport, http.MethodGet, "http://users/", nil); err != context.DeadlineExceeded {
			t.Errorf("call: %v", err)
		}
	})
}

// A middleware that returns what is no response, or passes on what is no request, is an error
// that says what to do.
func TestTransportMiddlewareOfOtherTypes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for says, middleware := range map[string]Middleware{
			"return an *http.Response": func(Endpoint) Endpoint { return say("text") },
			"or an error":              func(Endpoint) Endpoint { return say(nil) },
			"pass on an *http.Request": func(next Endpoint) Endpoint {
				return func(ctx context.Context, _ any) (any, error) { return next(ctx, "text") }
			},
			"an *http.Request with a URL": func(next Endpoint) Endpoint {
				return func(ctx context.Context, _ any) (any, error) { return next(ctx, new(http.Request)) }
			},
		} {
			n := new(internet)
			transport := transportOf(t, n)
			transport.Middleware = func(string) Middleware { return middleware }
			if _, err := ask(t, transport, http.MethodGet, "http://users/", nil); err == nil ||
				!strings.Contains(err.Error(), says) {
				t.Errorf("%v, want %q", err, says)
			}
			n.check(t)
		}
	})
}
