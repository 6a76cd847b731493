package endpoint_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/endpoint"
	"github.com/grapevine-go/grapevine/membership"
)

// Row 62 of the fault catalogue: twenty faults of the caller's own, one after the other, take no
// healthy instance from anybody.
func TestFault62_CallersOwnFaults(t *testing.T) {
	for name, e := range endings {
		if e.fault != caller || e.handler != nil || e.within != nil && e.edit != nil {
			continue // the others end at instances that do not answer good calls
		}
		t.Run(name, func(t *testing.T) {
			var hits [4]atomic.Int64
			var addresses []string
			for i := range hits {
				server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					hits[i].Add(1)
					answer(w, r)
				}))
				t.Cleanup(server.Close)
				addresses = append(addresses, server.Listener.Addr().String())
			}
			store := storeOf(addresses...)
			store.OnReport(
				func(_ membership.Instance, evidence membership.Evidence) { t.Errorf("the node is told %q", evidence) })
			base := &http.Transport{DisableKeepAlives: true}
			bad := http.RoundTripper(base)
			if e.around != nil {
				bad = e.around(base)
			}
			var good atomic.Bool
			choose := roundTripper(func(r *http.Request) (*http.Response, error) {
				if good.Load() {
					return base.RoundTrip(r)
				}
				return bad.RoundTrip(r)
			})
			transport := &endpoint.Transport{View: store.View(), Base: choose, Policy: balancer.RoundRobin}
			transport.Middleware = func(string) endpoint.Middleware {
				return func(next endpoint.Endpoint) endpoint.Endpoint {
					wrapped := next
					if e.middleware != nil {
						wrapped = e.middleware(next)
					}
					return func(ctx context.Context, request any) (any, error) {
						if good.Load() {
							return next(ctx, request)
						}
						return wrapped(ctx, request)
					}
				}
			}
			defer transport.Close()
			if e.http != none {
				for range 20 {
					ctx, cancel := e.context(t.Context())
					if response, err := transport.RoundTrip(e.request(t, ctx, "http", "users", "/", false)); err == nil {
						finish(ctx, cancel, e, response)
					}
					cancel()
				}
			}
			good.Store(true)
			for i := range hits {
				hits[i].Store(0)
			}
			for range 40 {
				request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://users/", nil)
				response, err := transport.RoundTrip(request)
				if err != nil {
					t.Fatal(err)
				}
				io.Copy(io.Discard, response.Body)
				response.Body.Close()
			}
			var got []int64
			for i := range hits {
				got = append(got, hits[i].Load())
			}
			if slices.Min(got) == 0 {
				t.Errorf("40 good calls went to %v", got)
			}
		})
	}
}
