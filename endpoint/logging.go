package endpoint

import (
	"context"
	"time"

	kit "github.com/go-kit/kit/endpoint"
	"github.com/rs/zerolog"
)

// Logging is a middleware that logs each call when it has ended: the name of the endpoint, how long
// it took, the ID of the request if there is one, see [RequestID], and the error with its kind, see
// [KindOf]. An error that a response holds, as an endpoint.Failer of Go kit does, counts as one. The
// level is that of the kind: error for internal ones; warn for unavailable, exhausted and a
// deadline; info for a success and for errors of the request. The context has a logger with the same
// name and ID, which zerolog.Ctx returns.
func Logging(logger zerolog.Logger, name string) Middleware {
	logger = logger.With().Str("endpoint", name).Logger()
	return func(next Endpoint) Endpoint {
		return func(ctx context.Context, request any) (response any, err error) {
			within := logger
			if id := RequestID(ctx); id != "" {
				within = logger.With().Str("request_id", id).Logger()
			}
			began, returned := time.Now(), false
			defer func() {
				if !returned {
					within.Error().Dur("took", time.Since(began)).Msg("call panicked")
				}
			}()
			response, err = next(within.WithContext(ctx), request)
			returned = true
			logCall(within, time.Since(began), failureOf(response, err))
			return response, err
		}
	}
}

func logCall(logger zerolog.Logger, took time.Duration, err error) {
	if err == nil {
		logger.Info().Dur("took", took).Msg("call succeeded")
		return
	}
	kind := KindOf(err)
	logger.WithLevel(levelOf(kind)).Dur("took", took).Str("kind", kind.Error()).Err(err).Msg("call failed")
}

func levelOf(kind error) zerolog.Level {
	switch kind {
	case ErrInternal:
		return zerolog.ErrorLevel
	case ErrUnavailable, ErrExhausted, context.DeadlineExceeded:
		return zerolog.WarnLevel
	default:
		return zerolog.InfoLevel
	}
}

// failureOf returns how a call failed, by its error or by its response.
func failureOf(response any, err error) error {
	if failer, ok := response.(kit.Failer); ok && err == nil {
		return failer.Failed()
	}
	return err
}
