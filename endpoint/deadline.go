package endpoint

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Deadline is a middleware that ends the context of a call after within, or when the caller's time
// is over if that is sooner. 0 means no bound of its own. A call that has less than needs left is
// refused at once, as context.DeadlineExceeded and the caller's own fault, see [CallerError]: it
// would only take time from calls that can finish. With 0 only calls whose time is over are refused.
//
// The endpoint must honour its context. A response that is read after the call, an *http.Response or
// an io.Reader, is not cut off by the end of the call, but by the deadline. Deadline panics if within
// is shorter than needs.
func Deadline(within, needs time.Duration) Middleware {
	if within > 0 && within < needs {
		panic(fmt.Sprintf("endpoint: Deadline: %v within which a call must end is less than the %v that it needs: "+
			"pass the longer time first", within, needs))
	}
	return func(next Endpoint) Endpoint {
		return func(ctx context.Context, request any) (response any, err error) {
			if errors.Is(ctx.Err(), context.Canceled) {
				return nil, ctx.Err()
			}
			if deadline, ok := ctx.Deadline(); ok {
				if left := time.Until(deadline); left <= 0 || left < needs {
					return nil, CallerError(NewProblem(context.DeadlineExceeded,
						"the call has %v left and needs %v", max(left, 0).Round(time.Microsecond), needs))
				}
			}
			if within <= 0 {
				return next(ctx, request)
			}
			ctx, cancel := context.WithTimeout(ctx, within)
			defer func() {
				if err != nil || !isStreamed(response) {
					cancel()
				}
			}()
			return next(ctx, request)
		}
	}
}

// isStreamed reports whether response is read after the call.
func isStreamed(response any) bool {
	switch response.(type) {
	case *http.Response, io.Reader:
		return true
	default:
		return false
	}
}
