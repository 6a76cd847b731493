package catalog

import (
	"context"
	"net/http"

	kithttp "github.com/go-kit/kit/transport/http"

	"github.com/grapevine-go/grapevine/examples/shop/guard"
)

// Handler serves service over HTTP.
//
//	GET /products/{sku}
//	GET /healthz
func Handler(service Service, g guard.Guard) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /products/{sku}", kithttp.NewServer(productEndpoint(service, g),
		func(_ context.Context, r *http.Request) (any, error) { return productRequest{r.PathValue("sku")}, nil },
		kithttp.EncodeJSONResponse, guard.ServerOptions(within)...))
	mux.Handle("GET /healthz", guard.Health(guard.Healthy))
	return guard.OtherPaths(mux)
}
