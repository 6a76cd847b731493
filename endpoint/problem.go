package endpoint

import (
	"fmt"
	"strings"
	"time"
)

// Problem is an error that is meant for the caller of a service. [EncodeProblem] writes it as a
// response of HTTP, in the form of RFC 9457, and EncodeError of package grpcendpoint as a status of
// gRPC; the decoders make the same Problem of these. Only Kind is required. Everything but Err
// reaches the caller.
type Problem struct {
	// Kind is one of the kinds, such as [ErrNotFound], or an error of the service's own that wraps
	// one: errors.Is finds both. The caller gets the kind alone. Nil means [ErrInternal].
	Kind error

	Detail string // what is wrong with this request, for people: "order 7 is not known"
	Type   string // a URI that tells this problem from others of its kind, for programs; "" for none

	Fields     []FieldProblem // of an invalid request
	RetryAfter time.Duration  // how long the caller should wait; 0 for not known
	Challenge  string         // HTTP's WWW-Authenticate of an unauthorized request; "" means Bearer
	Status     int            // of HTTP, where another fits Kind better, as 422 does; 0 for that of Kind

	// Err is the cause, for logs. It is not sent. The decoders put the text of foreign servers
	// here, as nobody knows whether it is meant for the next caller.
	Err error
}

// FieldProblem is what is wrong with one field of a request.
type FieldProblem struct {
	Field  string // as the caller knows it: "items[0].quantity"
	Detail string // "must be at least 1"
}

// NewProblem returns a [Problem] of a kind, with a detail in the form of package fmt. The detail
// reaches the caller: an error that is not meant for others belongs into the field Err.
func NewProblem(kind error, format string, args ...any) *Problem {
	return &Problem{Kind: kind, Detail: fmt.Sprintf(format, args...)}
}

// ProblemOf returns what the caller of a service gets of err, for an encoder of another transport. It
// is the first Problem in the chain of err, or one of the kind alone where a bare kind comes before
// it; see [KindOf]. The kinds of the result and of err are the same. It must not be changed.
// ProblemOf(nil) is nil.
func ProblemOf(err error) *Problem {
	if err == nil {
		return nil
	}
	if problem, _ := find(err); problem != nil {
		return problem
	}
	return &Problem{Kind: KindOf(err)}
}

// Error returns the kind, the detail, the fields and the cause.
func (p *Problem) Error() string {
	kind := p.Kind
	if kind == nil {
		kind = ErrInternal
	}
	parts := []string{kind.Error()}
	if p.Detail != "" {
		parts = append(parts, p.Detail)
	}
	for _, field := range p.Fields {
		parts = append(parts, field.Field+" "+field.Detail)
	}
	if p.Err != nil {
		parts = append(parts, p.Err.Error())
	}
	return strings.Join(parts, ": ")
}

// Unwrap returns the kind and the cause, for errors.Is and errors.As.
func (p *Problem) Unwrap() (errs []error) {
	for _, err := range []error{p.Kind, p.Err} {
		if err != nil {
			errs = append(errs, err)
		}
	}
	if p.Kind == nil {
		errs = append(errs, ErrInternal)
	}
	return errs
}

// StatusCode returns the status of HTTP. Encoders of Go kit ask for it.
func (p *Problem) StatusCode() int {
	kind := p.kind()
	if p.Status >= 400 && p.Status < 600 && kindOfStatus(p.Status) == kind {
		return p.Status
	}
	return statuses[kind]
}

// kind returns the one of the kinds that Kind is or wraps.
func (p *Problem) kind() error {
	if _, kind := find(p.Kind); kind != nil {
		return kind
	}
	return ErrInternal
}
