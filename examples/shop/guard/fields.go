package guard

import (
	"context"
	"fmt"

	"github.com/grapevine-go/grapevine/endpoint"
)

// Fields collects what is wrong with the fields of a request.
type Fields []endpoint.FieldProblem

// Add adds a field and what is wrong with it.
func (f *Fields) Add(field, format string, args ...any) {
	*f = append(*f, endpoint.FieldProblem{Field: field, Detail: fmt.Sprintf(format, args...)})
}

// Err returns an endpoint.ErrInvalid that lists the fields, or nil where there are none.
func (f Fields) Err() error {
	if len(f) == 0 {
		return nil
	}
	return &endpoint.Problem{Kind: endpoint.ErrInvalid, Fields: f}
}

// Validate lets only requests pass whose method Validate returns nil. Each request must have one.
func Validate(next endpoint.Endpoint) endpoint.Endpoint {
	return func(ctx context.Context, request any) (any, error) {
		if err := request.(interface{ Validate() error }).Validate(); err != nil {
			return nil, err
		}
		return next(ctx, request)
	}
}
