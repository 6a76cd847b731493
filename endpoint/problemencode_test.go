package endpoint_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/endpoint"
)

func TestEncodeProblem(t *testing.T) {
	for name, tt := range map[string]struct {
		err    error
		status int
		header http.Header // that must be there; an empty value means that it must not
		body   string
	}{
		"unknown": {errors.New("dial 10.0.0.7: refused"), 500, nil,
			`{"title":"Internal Server Error","status":500}`},
		"bare": {fmt.Errorf("table orders, row 7: %w", endpoint.ErrNotFound), 404, nil,
			`{"title":"Not Found","status":404}`},
		"detailed": {endpoint.NewProblem(endpoint.ErrConflict, "order %d is shipped", 7), 409, nil,
			`{"title":"Conflict","status":409,"detail":"order 7 is shipped"}`},
		"typed": {&endpoint.Problem{Kind: endpoint.ErrConflict, Type: "urn:shop:sold-out"}, 409, nil,
			`{"type":"urn:shop:sold-out","title":"Conflict","status":409}`},
		"fields": {&endpoint.Problem{Kind: endpoint.ErrInvalid,
			Fields: []endpoint.FieldProblem{{"sku", "is empty"}}}, 400, nil,
			`{"title":"Bad Request","status":400,"errors":[{"field":"sku","detail":"is empty"}]}`},
		"another status": {&endpoint.Problem{Kind: endpoint.ErrInvalid, Status: 422}, 422, nil,
			`{"title":"Unprocessable Entity","status":422}`},
		"the status of another kind": {&endpoint.Problem{Kind: endpoint.ErrInvalid, Status: 200}, 400, nil,
			`{"title":"Bad Request","status":400}`},
		"no credentials": {endpoint.ErrUnauthorized, 401, http.Header{"Www-Authenticate": {"Bearer"}},
			`{"title":"Unauthorized","status":401}`},
		"bad credentials": {&endpoint.Problem{Kind: endpoint.ErrUnauthorized, Challenge: `Basic realm="shop"`}, 401,
			http.Header{"Www-Authenticate": {`Basic realm="shop"`}}, `{"title":"Unauthorized","status":401}`},
		"for a while": {&endpoint.Problem{Kind: endpoint.ErrUnavailable, RetryAfter: 1100 * time.Millisecond}, 503,
			http.Header{"Retry-After": {"2"}}, `{"title":"Service Unavailable","status":503}`},
		"for nobody knows how long": {endpoint.ErrExhausted, 429, http.Header{"Retry-After": {""}},
			`{"title":"Too Many Requests","status":429}`},
		"given up": {fmt.Errorf("price: %w", context.Canceled), 499, nil,
			`{"title":"Client Closed Request","status":499}`},
		"late": {context.DeadlineExceeded, 504, nil, `{"title":"Gateway Timeout","status":504}`},
		"a body that is too large": {&http.MaxBytesError{Limit: 9}, 413, nil,
			`{"title":"Request Entity Too Large","status":413,"detail":"the body is larger than 9 bytes"}`},
		"of Go kit": {teapot{}, 418, http.Header{"X-Pot": {"brown"}}, `{"title":"I'm a teapot","status":418}`},
		"markup": {endpoint.NewProblem(endpoint.ErrInvalid, "<script>"), 400,
			http.Header{"X-Content-Type-Options": {"nosniff"}},
			`{"title":"Bad Request","status":400,"detail":"\u003cscript\u003e"}`},
	} {
		t.Run(name, func(t *testing.T) {
			recorder := httptest.NewRecorder()
			recorder.Header().Set("Content-Length", "9") // of what could not be encoded
			recorder.Header().Set("Content-Encoding", "gzip")
			endpoint.EncodeProblem(endpoint.WithRequestID(t.Context(), "r-1"), tt.err, recorder)
			got := recorder.Result()
			if body := strings.TrimSpace(recorder.Body.String()); got.StatusCode != tt.status || body != tt.body {
				t.Errorf("got %d %s, want %d %s", got.StatusCode, body, tt.status, tt.body)
			}
			want := http.Header{"Content-Type": {"application/problem+json"}, "X-Request-Id": {"r-1"},
				"Content-Length": {""}, "Content-Encoding": {""}}
			for _, expected := range []http.Header{want, tt.header} {
				for key, values := range expected {
					if value := got.Header.Get(key); value != values[0] {
						t.Errorf("header %s is %q, want %q", key, value, values[0])
					}
				}
			}
		})
	}
}

type teapot struct{}

func (teapot) Error() string        { return "short and stout" }
func (teapot) StatusCode() int      { return http.StatusTeapot }
func (teapot) Headers() http.Header { return http.Header{"X-Pot": {"brown"}} }

// What an error has for the caller. A bare kind hides the problem that it stands before.
func TestProblemOf(t *testing.T) {
	problem := endpoint.NewProblem(endpoint.ErrNotFound, "no tea")
	for name, tt := range map[string]struct {
		err    error
		kind   error
		detail string
	}{
		"a problem":           {fmt.Errorf("get: %w", problem), endpoint.ErrNotFound, "no tea"},
		"a kind":              {fmt.Errorf("get: %w", endpoint.ErrConflict), endpoint.ErrConflict, ""},
		"a kind before":       {fmt.Errorf("%w: %w", endpoint.ErrInternal, problem), endpoint.ErrInternal, ""},
		"the same one before": {fmt.Errorf("%w: %w", endpoint.ErrNotFound, problem), endpoint.ErrNotFound, ""},
		"any other":           {errors.New("disk full"), endpoint.ErrInternal, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := endpoint.ProblemOf(tt.err)
			if endpoint.KindOf(got) != tt.kind || endpoint.KindOf(tt.err) != tt.kind || got.Detail != tt.detail {
				t.Errorf("got %v, want %v %q", got, tt.kind, tt.detail)
			}
		})
	}
	if got := endpoint.ProblemOf(nil); got != nil {
		t.Errorf("of no error it is %v", got)
	}
}
