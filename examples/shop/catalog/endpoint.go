package catalog

import (
	"context"
	"time"

	"github.com/grapevine-go/grapevine/endpoint"
	"github.com/grapevine-go/grapevine/examples/shop/auth"
	"github.com/grapevine-go/grapevine/examples/shop/guard"
	"github.com/grapevine-go/grapevine/examples/shop/sku"
)

const (
	within = 2 * time.Second      // a call takes no longer
	needs  = 1 * time.Millisecond // a call with less time left is not begun
)

type productRequest struct{ sku string }

// Validate reports an article number that cannot be one, as an endpoint.ErrInvalid.
func (r productRequest) Validate() error {
	var fields guard.Fields
	if !sku.Valid(r.sku) {
		fields.Add("sku", "is %.20q, want the form %s", r.sku, sku.Form)
	}
	return fields.Err()
}

func productEndpoint(service Service, g guard.Guard) endpoint.Endpoint {
	return g.Endpoint("product", auth.ReadCatalog, within, needs)(
		func(ctx context.Context, request any) (any, error) {
			return service.Product(ctx, request.(productRequest).sku)
		})
}
