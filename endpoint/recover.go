package endpoint

import (
	"context"
	"fmt"
	"net/http"
	"runtime/debug"

	"github.com/rs/zerolog"
)

// Recover is a middleware that turns a panic into an error, a [Problem] of the kind [ErrInternal],
// and logs it with its stack. http.ErrAbortHandler goes on, as net/http wants it. The caller of a
// service learns nothing of the panic.
func Recover(logger zerolog.Logger) Middleware {
	return func(next Endpoint) Endpoint {
		return func(ctx context.Context, request any) (response any, err error) {
			defer func() {
				recovered := recover()
				if recovered == nil {
					return
				}
				if recovered == http.ErrAbortHandler {
					panic(recovered)
				}
				logger.Error().Any("panic", recovered).Str("request_id", RequestID(ctx)).
					Bytes("stack", debug.Stack()).Msg("endpoint panicked: the call fails as internal")
				response, err = nil, &Problem{Kind: ErrInternal, Err: fmt.Errorf("panic: %v", recovered)}
			}()
			return next(ctx, request)
		}
	}
}
