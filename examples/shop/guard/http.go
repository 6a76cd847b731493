package guard

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	kitjwt "github.com/go-kit/kit/auth/jwt"
	kithttp "github.com/go-kit/kit/transport/http"

	"github.com/grapevine-go/grapevine/endpoint"
)

const (
	healthTimeout = time.Second
	mostAnswer    = 1 << 20 // bytes of a response that DecodeJSON reads
)

// ServerOptions has a server of HTTP take the request ID, the deadline and the token from the
// headers of a request, and write errors as problem+json. A call takes longest at most.
func ServerOptions(longest time.Duration) []kithttp.ServerOption {
	return []kithttp.ServerOption{
		kithttp.ServerBefore(endpoint.ReadRequestID, endpoint.ReadDeadline(longest), kitjwt.HTTPToContext()),
		kithttp.ServerAfter(endpoint.WriteRequestID),
		kithttp.ServerErrorEncoder(endpoint.EncodeProblem),
	}
}

// ClientOptions has a client of HTTP send the request ID, the deadline and the token of the context.
func ClientOptions(client *http.Client) []kithttp.ClientOption {
	return []kithttp.ClientOption{
		kithttp.SetClient(client),
		kithttp.ClientBefore(endpoint.SetRequestID, endpoint.SetDeadline, kitjwt.ContextToHTTP()),
	}
}

// DecodeJSON decodes a response as a T, and the error that a response stands for. It reads at most
// 1 MiB of the body; a longer value is an error, a *http.MaxBytesError.
func DecodeJSON[T any](ctx context.Context, response *http.Response) (any, error) {
	return endpoint.DecodeResponse(func(_ context.Context, response *http.Response) (any, error) {
		var decoded T
		err := json.NewDecoder(http.MaxBytesReader(nil, response.Body, mostAnswer)).Decode(&decoded)
		return decoded, err
	})(ctx, response)
}

// Health is a handler for probes of health: it answers 200, or 503 while check fails. It needs no
// token and has no limit.
func Health(check func(context.Context) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), healthTimeout)
		defer cancel()
		if err := check(ctx); err != nil {
			endpoint.EncodeProblem(ctx, endpoint.NewProblem(endpoint.ErrUnavailable, "unhealthy"), w)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"status":"ok"}` + "\n")) // the caller may be gone
	})
}

// Healthy is the check of a process that needs nothing else.
func Healthy(context.Context) error { return nil }

// OtherPaths serves mux, and answers what mux has no handler for with problem+json: 404, or 405
// with the methods that the path has in the header Allow.
func OtherPaths(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler, pattern := mux.Handler(r)
		if pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		answer := refusal{header: make(http.Header)}
		handler.ServeHTTP(&answer, r)
		problem := endpoint.NewProblem(endpoint.ErrNotFound, "no %s %s", r.Method, r.URL.Path)
		if answer.status == http.StatusMethodNotAllowed {
			w.Header()["Allow"] = answer.header["Allow"]
			problem.Kind, problem.Status = endpoint.ErrInvalid, answer.status
		}
		endpoint.EncodeProblem(endpoint.ReadRequestID(r.Context(), r), problem, w)
	})
}

// refusal is the answer of a mux that has no handler: its status and header are kept, its text is not.
type refusal struct {
	header http.Header
	status int
}

func (r *refusal) Header() http.Header            { return r.header }
func (r *refusal) Write(text []byte) (int, error) { return len(text), nil }
func (r *refusal) WriteHeader(status int)         { r.status = status }

// NewHTTPClient returns a client that keeps connections enough for the load of a service, and goes
// straight to its instances.
func NewHTTPClient() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil
	transport.MaxIdleConnsPerHost = 64
	return &http.Client{Transport: transport}
}
