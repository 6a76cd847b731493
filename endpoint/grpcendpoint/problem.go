package grpcendpoint

import (
	"context"
	"errors"
	"strings"
	"time"
	"unicode"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/grapevine-go/grapevine/endpoint"
)

// Bounds on what a server may make a client keep; DecodeProblem of package endpoint has the same.
const (
	longestText = 1 << 10 // bytes
	mostFields  = 100
	longestWait = 24 * time.Hour
)

// domain marks the details of a status that EncodeError made: its message is meant for callers.
const domain = "grapevine"

// codesOfKinds are those of google.rpc.Code's mapping to HTTP, backwards.
var codesOfKinds = map[error]codes.Code{
	endpoint.ErrInvalid:      codes.InvalidArgument,
	endpoint.ErrUnauthorized: codes.Unauthenticated,
	endpoint.ErrForbidden:    codes.PermissionDenied,
	endpoint.ErrNotFound:     codes.NotFound,
	endpoint.ErrConflict:     codes.Aborted,
	endpoint.ErrExhausted:    codes.ResourceExhausted,
	endpoint.ErrUnavailable:  codes.Unavailable,
	endpoint.ErrInternal:     codes.Internal,
	context.DeadlineExceeded: codes.DeadlineExceeded,
	context.Canceled:         codes.Canceled,
}

// kindOf returns the kind of a status, of any server.
func kindOf(code codes.Code) error {
	switch code {
	case codes.OutOfRange:
		return endpoint.ErrInvalid
	case codes.AlreadyExists, codes.FailedPrecondition:
		return endpoint.ErrConflict
	}
	for kind, known := range codesOfKinds {
		if code == known {
			return kind
		}
	}
	return endpoint.ErrInternal // Unknown, Unimplemented, DataLoss
}

// EncodeError returns err as a status of gRPC, with the code of its kind, see [endpoint.KindOf]. Only
// what an [endpoint.Problem] holds for the caller is sent, in the details BadRequest, RetryInfo and
// ErrorInfo: the text of other errors is not. A status of the service's own is returned as it is.
// EncodeError(nil) is nil.
func EncodeError(err error) error {
	if err == nil {
		return nil
	}
	kind := endpoint.KindOf(err)
	var own interface{ GRPCStatus() *status.Status }
	if kind == endpoint.ErrInternal && !errors.Is(err, kind) && errors.As(err, &own) &&
		own.GRPCStatus().Code() != codes.OK {
		return own.GRPCStatus().Err()
	}
	problem := endpoint.ProblemOf(err)
	message := problem.Detail
	if message == "" {
		message = kind.Error()
	}
	plain := status.New(codesOfKinds[kind], valid(message))
	if detailed, err := plain.WithDetails(detailsOf(problem, kind)...); err == nil {
		return detailed.Err()
	}
	return plain.Err() // not reached: all texts are UTF-8, as protobuf wants it
}

func detailsOf(p *endpoint.Problem, kind error) []protoadapt.MessageV1 {
	info := &errdetails.ErrorInfo{Domain: domain, Reason: codesOfKinds[kind].String()}
	if p.Type != "" {
		info.Metadata = map[string]string{"type": valid(p.Type)}
	}
	details := []protoadapt.MessageV1{info}
	if len(p.Fields) > 0 {
		request := new(errdetails.BadRequest)
		for _, field := range p.Fields {
			request.FieldViolations = append(request.FieldViolations,
				&errdetails.BadRequest_FieldViolation{Field: valid(field.Field), Description: valid(field.Detail)})
		}
		details = append(details, request)
	}
	if p.RetryAfter > 0 {
		details = append(details, &errdetails.RetryInfo{RetryDelay: durationpb.New(p.RetryAfter)})
	}
	return details
}

// DecodeError returns the error that a status stands for, which wraps an [*endpoint.Problem]. The
// code decides on the kind. The message is the Detail where [EncodeError] made the status, and the
// Err of the Problem where another server or gRPC itself did. status.Code still finds the code. Texts
// are cut to 1 KiB and freed from control characters. Other errors, io.EOF of a stream and nil are
// returned as they are.
func DecodeError(err error) error {
	var problem *endpoint.Problem
	from, ok := status.FromError(err)
	if err == nil || !ok || from.Code() == codes.OK || errors.As(err, &problem) {
		return err
	}
	p := &endpoint.Problem{Kind: kindOf(from.Code())}
	own := false
	for _, detail := range from.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			if detail.Domain == domain {
				own, p.Type = true, printable(detail.Metadata["type"])
			}
		case *errdetails.BadRequest:
			for _, field := range detail.FieldViolations[:min(len(detail.FieldViolations), mostFields)] {
				p.Fields = append(p.Fields,
					endpoint.FieldProblem{Field: printable(field.Field), Detail: printable(field.Description)})
			}
		case *errdetails.RetryInfo:
			p.RetryAfter = min(max(detail.RetryDelay.AsDuration(), 0), longestWait)
		}
	}
	switch message := printable(from.Message()); {
	case message == "", own && message == p.Kind.Error():
	case own:
		p.Detail = message
	default:
		p.Err = errors.New(message)
	}
	return &answer{p, from}
}

// answer is a Problem whose status gRPC still knows.
type answer struct {
	problem *endpoint.Problem
	status  *status.Status
}

func (a *answer) Error() string              { return a.problem.Error() }
func (a *answer) Unwrap() error              { return a.problem }
func (a *answer) GRPCStatus() *status.Status { return a.status }

func valid(text string) string { return strings.ToValidUTF8(text, "\ufffd") }

// printable makes a text of a peer fit for logs and terminals.
func printable(text string) string {
	text = strings.ToValidUTF8(text[:min(len(text), longestText)], "")
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, text))
}
