package grpcendpoint

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	testpb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/status"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/endpoint"
)

// newSpoken is newTested with the interceptors on both sides.
func newSpoken(t *testing.T) *tested {
	c := newTested(t, grpc.ChainUnaryInterceptor(UnaryServerInterceptor),
		grpc.ChainStreamInterceptor(StreamServerInterceptor))
	conn := c.town.connect(t, balancer.RoundRobin(), Dial(
		grpc.WithChainUnaryInterceptor(UnaryClientInterceptor),
		grpc.WithChainStreamInterceptor(StreamClientInterceptor)))
	c.client = testpb.NewTestServiceClient(conn)
	return c
}

// Each kind survives a unary call and a stream, bare, wrapped, in a Problem, and as the kind of an
// error of the service's own; and it is of no other kind then.
func TestKindsSurvive(t *testing.T) {
	for kind, code := range codesOfKinds {
		for name, failure := range map[string]error{
			"bare":    kind,
			"wrapped": fmt.Errorf("store 10.0.0.7: %w", kind),
			"problem": endpoint.NewProblem(kind, "item %d", 7),
			"own":     &endpoint.Problem{Kind: fmt.Errorf("sold out: %w", kind)},
		} {
			t.Run(kind.Error()+"/"+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					c := newSpoken(t)
					for way, err := range map[string]error{
						"unary": c.answering(func(context.Context) error { return failure }),
						"stream": c.stream(func(testpb.TestService_FullDuplexCallServer) error { return failure },
							receive),
					} {
						for other := range codesOfKinds {
							if is := errors.Is(err, other); is != (other == kind) {
								t.Errorf("%s: errors.Is(%v, %v) = %v", way, err, other, is)
							}
						}
						if got := endpoint.KindOf(err); got != kind {
							t.Errorf("%s: KindOf(%v) = %v", way, err, got)
						}
						if got := status.Code(err); got != code {
							t.Errorf("%s: status.Code(%v) = %v, want %v", way, err, got, code)
						}
						if strings.Contains(err.Error(), "10.0.0.7") || strings.Contains(err.Error(), "sold out") {
							t.Errorf("%s: the error tells what is not for the caller: %v", way, err)
						}
					}
				})
			})
		}
	}
}

// The table of docs/calls.md has the code of each kind.
func TestKindsAreDocumented(t *testing.T) {
	document, err := os.ReadFile("../../docs/calls.md")
	if err != nil {
		t.Fatal(err)
	}
	for kind, code := range codesOfKinds {
		var name string
		for spelt, known := range map[string]error{
			"context.Canceled": context.Canceled, "context.DeadlineExceeded": context.DeadlineExceeded,
			"ErrInvalid": endpoint.ErrInvalid, "ErrUnauthorized": endpoint.ErrUnauthorized,
			"ErrForbidden": endpoint.ErrForbidden, "ErrNotFound": endpoint.ErrNotFound,
			"ErrConflict": endpoint.ErrConflict, "ErrExhausted": endpoint.ErrExhausted,
			"ErrInternal": endpoint.ErrInternal, "ErrUnavailable": endpoint.ErrUnavailable,
		} {
			if known == kind {
				name = spelt
			}
		}
		row := regexp.MustCompile("(?m)^\\| `" + regexp.QuoteMeta(name) + "` \\| [^|]+ \\| " + code.String() + " \\|")
		if !row.Match(document) {
			t.Errorf("docs/calls.md has no row of %s with the code %v", name, code)
		}
	}
}

func TestProblemSurvives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sent := &endpoint.Problem{
			Kind: endpoint.ErrInvalid, Detail: "the order cannot be taken", Type: "urn:shop:bad-order",
			Fields:     []endpoint.FieldProblem{{Field: "items[0].quantity", Detail: "must be at least 1"}},
			RetryAfter: 1500 * time.Millisecond, Err: errors.New("secret"),
		}
		want := *sent
		want.Err = nil
		var got *endpoint.Problem
		err := newSpoken(t).answering(func(context.Context) error { return fmt.Errorf("wrapped: %w", sent) })
		if !errors.As(err, &got) || !reflect.DeepEqual(*got, want) {
			t.Errorf("got %#v, want %#v", got, want)
		}
	})
}

// The statuses of servers that know nothing of this package.
func TestForeignStatus(t *testing.T) {
	for code, want := range map[codes.Code]error{
		codes.AlreadyExists:      endpoint.ErrConflict,
		codes.FailedPrecondition: endpoint.ErrConflict,
		codes.OutOfRange:         endpoint.ErrInvalid,
		codes.NotFound:           endpoint.ErrNotFound,
		codes.Unknown:            endpoint.ErrInternal,
		codes.Unimplemented:      endpoint.ErrInternal,
		codes.DataLoss:           endpoint.ErrInternal,
		codes.Code(99):           endpoint.ErrInternal,
	} {
		t.Run(code.String(), func(t *testing.T) {
			err := DecodeError(status.Error(code, "at 10.0.0.7"))
			var problem *endpoint.Problem
			if !errors.As(err, &problem) || problem.Kind != want || problem.Detail != "" ||
				problem.Err == nil || problem.Err.Error() != "at 10.0.0.7" {
				t.Errorf("DecodeError returns %#v, want kind %v, and the text as Err", problem, want)
			}
		})
	}
}

// What a server's own code makes of gRPC goes through; what is no status is none to begin with.
func TestEncodeErrorKeepsStatuses(t *testing.T) {
	own := status.Error(codes.FailedPrecondition, "not yet")
	inner := endpoint.NewProblem(endpoint.ErrInternal, "of another service")
	for name, tt := range map[string]struct {
		err  error
		code codes.Code
		text string
	}{
		"nil":                 {nil, codes.OK, ""},
		"a status":            {own, codes.FailedPrecondition, "not yet"},
		"a wrapped one":       {fmt.Errorf("store 10.0.0.7: %w", own), codes.FailedPrecondition, "not yet"},
		"one with a kind":     {fmt.Errorf("%w: %w", endpoint.ErrUnavailable, own), codes.Unavailable, "unavailable"},
		"one that is OK":      {okError{}, codes.Internal, "internal"},
		"unknown":             {errors.New("store 10.0.0.7"), codes.Internal, "internal"},
		"a decoded one":       {DecodeError(own), codes.Aborted, "conflict"},
		"wrapped in its kind": {fmt.Errorf("%w: %w", endpoint.ErrInternal, inner), codes.Internal, "internal"},
		"text without a form": {endpoint.NewProblem(endpoint.ErrInvalid, "a\xffb"), codes.InvalidArgument, "a\ufffdb"},
	} {
		t.Run(name, func(t *testing.T) {
			got := status.Convert(EncodeError(tt.err))
			if got.Code() != tt.code || got.Message() != tt.text {
				t.Errorf("got %v %q, want %v %q", got.Code(), got.Message(), tt.code, tt.text)
			}
		})
	}
}

type okError struct{}

func (okError) Error() string              { return "fine?" }
func (okError) GRPCStatus() *status.Status { return status.New(codes.OK, "") }

func TestDecodeErrorKeepsOthers(t *testing.T) {
	decoded := DecodeError(status.Error(codes.NotFound, "x"))
	for _, err := range []error{nil, io.EOF, context.Canceled, decoded, okError{}} {
		if got := DecodeError(err); got != err {
			t.Errorf("DecodeError(%v) = %v", err, got)
		}
	}
}

// No server can make a client keep more than is allowed, nor write to its terminal.
func TestDecodeErrorIsBounded(t *testing.T) {
	long := "\x1b[31m" + strings.Repeat("é", 1<<20)
	sent := &endpoint.Problem{Kind: endpoint.ErrInvalid, Detail: long, Type: long, RetryAfter: 1 << 62}
	for range 1000 {
		sent.Fields = append(sent.Fields, endpoint.FieldProblem{Field: long[:2000], Detail: long[:2000]})
	}
	for name, err := range map[string]error{"own": EncodeError(sent), "foreign": status.Error(codes.Internal, long)} {
		var p *endpoint.Problem
		if !errors.As(DecodeError(err), &p) {
			t.Fatalf("%s: no problem", name)
		}
		texts := []string{p.Detail, p.Type}
		if p.Err != nil {
			texts = append(texts, p.Err.Error())
		}
		for _, field := range p.Fields {
			texts = append(texts, field.Field, field.Detail)
		}
		for _, text := range texts {
			if len(text) > 1<<10 || strings.Contains(text, "\x1b") {
				t.Errorf("%s: a text of %d bytes: %.20q", name, len(text), text)
			}
		}
		if len(p.Fields) > 100 || p.RetryAfter > 24*time.Hour {
			t.Errorf("%s: %d fields, RetryAfter %v", name, len(p.Fields), p.RetryAfter)
		}
	}
}
