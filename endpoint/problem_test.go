package endpoint_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-kit/kit/ratelimit"
	kithttp "github.com/go-kit/kit/transport/http"

	"github.com/grapevine-go/grapevine/endpoint"
)

// kinds are all that there are, with their status.
var kinds = map[error]int{
	endpoint.ErrInvalid:      400,
	endpoint.ErrUnauthorized: 401,
	endpoint.ErrForbidden:    403,
	endpoint.ErrNotFound:     404,
	endpoint.ErrConflict:     409,
	endpoint.ErrExhausted:    429,
	context.Canceled:         499,
	endpoint.ErrInternal:     500,
	endpoint.ErrUnavailable:  503,
	context.DeadlineExceeded: 504,
}

// overWire answers each call with failure, by Go kit's server, and returns what Go kit's client makes
// of it.
func overWire(t *testing.T, failure error) error {
	t.Helper()
	server := httptest.NewServer(kithttp.NewServer(
		func(context.Context, any) (any, error) { return nil, failure },
		kithttp.NopRequestDecoder, kithttp.EncodeJSONResponse,
		kithttp.ServerErrorEncoder(endpoint.EncodeProblem),
	))
	defer server.Close()
	target, _ := url.Parse(server.URL)
	client := kithttp.NewClient(http.MethodGet, target, kithttp.EncodeJSONRequest,
		endpoint.DecodeResponse(func(context.Context, *http.Response) (any, error) { return "fine", nil }),
		kithttp.SetClient(server.Client()))
	_, err := client.Endpoint()(t.Context(), nil)
	return err
}

// Each kind survives the wire, bare, wrapped, in a Problem, and as the kind of an error of the
// service's own; and it is of no other kind then.
func TestKindsSurviveHTTP(t *testing.T) {
	for kind, status := range kinds {
		for name, failure := range map[string]error{
			"bare":    kind,
			"wrapped": fmt.Errorf("store 10.0.0.7: %w", kind),
			"problem": endpoint.NewProblem(kind, "item %d", 7),
			"own":     &endpoint.Problem{Kind: fmt.Errorf("sold out: %w", kind)},
		} {
			t.Run(kind.Error()+"/"+name, func(t *testing.T) {
				err := overWire(t, failure)
				for other := range kinds {
					if is := errors.Is(err, other); is != (other == kind) {
						t.Errorf("errors.Is(%v, %v) = %v", err, other, is)
					}
				}
				var problem *endpoint.Problem
				if !errors.As(err, &problem) || problem.Status != status {
					t.Errorf("got %#v, want a problem with status %d", err, status)
				}
				if got := endpoint.KindOf(err); got != kind {
					t.Errorf("KindOf(%v) = %v", err, got)
				}
			})
		}
	}
}

// The table of docs/calls.md has all kinds, with their statuses.
func TestKindsAreDocumented(t *testing.T) {
	rows := documented(t, "kind")
	if len(rows) != len(kinds) {
		t.Errorf("docs/calls.md has %d kinds, want %d", len(rows), len(kinds))
	}
	for name, kind := range map[string]error{
		"`ErrInvalid`":               endpoint.ErrInvalid,
		"`ErrUnauthorized`":          endpoint.ErrUnauthorized,
		"`ErrForbidden`":             endpoint.ErrForbidden,
		"`ErrNotFound`":              endpoint.ErrNotFound,
		"`ErrConflict`":              endpoint.ErrConflict,
		"`ErrExhausted`":             endpoint.ErrExhausted,
		"`context.Canceled`":         context.Canceled,
		"`ErrInternal`":              endpoint.ErrInternal,
		"`ErrUnavailable`":           endpoint.ErrUnavailable,
		"`context.DeadlineExceeded`": context.DeadlineExceeded,
	} {
		if row := rows[name]; len(row) == 0 || !strings.HasPrefix(row[0], strconv.Itoa(kinds[kind])) {
			t.Errorf("docs/calls.md says of %s %q, and it is %d", name, row, kinds[kind])
		}
	}
}

func TestProblemSurvivesHTTP(t *testing.T) {
	sent := &endpoint.Problem{
		Kind: endpoint.ErrInvalid, Detail: "the order cannot be taken", Type: "urn:shop:bad-order", Status: 422,
		Fields:     []endpoint.FieldProblem{{"items[0].quantity", "must be at least 1"}, {"currency", "is unknown"}},
		RetryAfter: 1500 * time.Millisecond, Err: errors.New("secret"),
	}
	want := *sent
	want.RetryAfter, want.Err = 2*time.Second, nil // whole seconds
	var got *endpoint.Problem
	if err := overWire(t, fmt.Errorf("wrapped: %w", sent)); !errors.As(err, &got) || !reflect.DeepEqual(*got, want) {
		t.Errorf("got %#v, want %#v", got, want)
	}
}

func TestKindOf(t *testing.T) {
	for name, tt := range map[string]struct{ err, want error }{
		"nil":                 {nil, nil},
		"unknown":             {errors.New("disk gone"), endpoint.ErrInternal},
		"no kind":             {&endpoint.Problem{}, endpoint.ErrInternal},
		"the outermost":       {fmt.Errorf("%w: %w", endpoint.ErrUnavailable, endpoint.ErrNotFound), endpoint.ErrUnavailable},
		"rate limit of kit":   {fmt.Errorf("price: %w", ratelimit.ErrLimited), endpoint.ErrExhausted},
		"no instance":         {fmt.Errorf("price: %w", endpoint.ErrNoEndpoints), endpoint.ErrUnavailable},
		"not sent":            {endpoint.NotSent(errors.New("breaker open")), endpoint.ErrUnavailable},
		"connection lost":     {&url.Error{Op: "Get", URL: "http://a", Err: errors.New("EOF")}, endpoint.ErrUnavailable},
		"text that is no URL": {&url.Error{Op: "parse", URL: ":", Err: errors.New("missing scheme")}, endpoint.ErrInternal},
		"time-out": {&url.Error{Op: "Get", URL: "http://a", Err: context.DeadlineExceeded},
			context.DeadlineExceeded},
		"status of none":    {noResponse{&net.OpError{Op: "read", Err: errors.New("reset")}}, endpoint.ErrUnavailable},
		"status of its own": {teapot{}, endpoint.ErrInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			if got := endpoint.KindOf(tt.err); got != tt.want {
				t.Errorf("KindOf(%v) = %v, want %v", tt.err, got, tt.want)
			}
		})
	}
}

// noResponse is an error of a client that has a status where there was a response.
type noResponse struct{ error }

func (noResponse) StatusCode() int { return 0 }
func (e noResponse) Unwrap() error { return e.error }

// overRecorder encodes and decodes without a network.
func overRecorder(t *testing.T, failure error) error {
	recorder := httptest.NewRecorder()
	endpoint.EncodeProblem(t.Context(), failure, recorder)
	return endpoint.DecodeProblem(recorder.Result())
}
