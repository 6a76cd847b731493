package endpoint

import (
	"context"
	"crypto/rand"
	"net/http"
)

// RequestIDHeader is the header that a request ID travels in. gRPC has it in lower case.
const RequestIDHeader = "X-Request-Id"

// longestRequestID bounds what a peer can have written into every log.
const longestRequestID = 128

type requestIDKey struct{}

// WithRequestID returns a context for a request with this ID. An ID that is empty, longer than 128
// bytes or not of visible ASCII characters is replaced by a new one.
func WithRequestID(ctx context.Context, id string) context.Context {
	if !isRequestID(id) {
		id = rand.Text()
	}
	return context.WithValue(ctx, requestIDKey{}, id)
}

// RequestID returns the ID of the request that ctx belongs to, or "". One ID stands for a request and
// for all calls that other services make for it, so that their logs can be put together.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// ReadRequestID takes the ID from the header X-Request-Id, see [WithRequestID]: a request without
// one gets a new one. It is for kithttp.ServerBefore.
func ReadRequestID(ctx context.Context, request *http.Request) context.Context {
	return WithRequestID(ctx, request.Header.Get(RequestIDHeader))
}

// SetRequestID passes the ID of ctx on, in the header X-Request-Id. It is for kithttp.ClientBefore.
func SetRequestID(ctx context.Context, request *http.Request) context.Context {
	if id := RequestID(ctx); id != "" {
		request.Header.Set(RequestIDHeader, id)
	}
	return ctx
}

// WriteRequestID tells the caller the ID, in the same header of the response. It is for
// kithttp.ServerAfter; [EncodeProblem] does so itself.
func WriteRequestID(ctx context.Context, w http.ResponseWriter) context.Context {
	if id := RequestID(ctx); id != "" {
		w.Header().Set(RequestIDHeader, id)
	}
	return ctx
}

func isRequestID(id string) bool {
	if id == "" || len(id) > longestRequestID {
		return false
	}
	for i := range len(id) {
		if id[i] <= ' ' || id[i] > '~' {
			return false
		}
	}
	return true
}
