package pricing

import (
	"context"
	"time"

	"github.com/grapevine-go/grapevine/endpoint"
	"github.com/grapevine-go/grapevine/examples/shop/auth"
	"github.com/grapevine-go/grapevine/examples/shop/guard"
)

const (
	within = 2 * time.Second      // a call takes no longer
	needs  = 1 * time.Millisecond // a call with less time left is not begun
)

func quoteEndpoint(service Service, g guard.Guard) endpoint.Endpoint {
	return g.Endpoint("quote", auth.ReadPrices, within, needs)(
		func(ctx context.Context, request any) (any, error) {
			return service.Quote(ctx, request.(quoteRequest).items)
		})
}
