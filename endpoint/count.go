package endpoint

import (
	"context"
	"net/http"

	"github.com/grapevine-go/grapevine/membership"
)

// CountHTTP is a middleware that counts the requests that a handler is serving, from before it runs until it returns or
// panics. Give what gauge counts to ReportLoad of the cluster.Node, or to cluster.Offer, and callers that probe prefer this process
// while it is less busy than others. One gauge may serve several handlers. Leave out what waits rather than works, as a stream of
// events or a long poll: it would look busy. The middleware does not wrap the ResponseWriter, and costs some nanoseconds.
// It panics without a gauge.
func CountHTTP(gauge *membership.Gauge) func(http.Handler) http.Handler {
	if gauge == nil {
		panic("endpoint: CountHTTP: the gauge is nil: use new(membership.Gauge)")
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			gauge.Begin()
			defer gauge.Done()
			next.ServeHTTP(w, r)
		})
	}
}

// Count is [CountHTTP] for an endpoint of Go kit, whatever carries it.
func Count(gauge *membership.Gauge) Middleware {
	if gauge == nil {
		panic("endpoint: Count: the gauge is nil: use new(membership.Gauge)")
	}
	return func(next Endpoint) Endpoint {
		return func(ctx context.Context, request any) (any, error) {
			gauge.Begin()
			defer gauge.Done()
			return next(ctx, request)
		}
	}
}
