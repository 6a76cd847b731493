package catalog

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/endpoint"
	"github.com/grapevine-go/grapevine/examples/shop/guard"
	"github.com/grapevine-go/grapevine/membership"
)

// Name is the name under which the service is found.
const Name = "catalog"

const (
	perTry  = time.Second // for one attempt
	retried = 0.2         // the share of the calls that may be repeated, beside three a second
)

// Client is the Service that the cluster offers. It goes to another instance where one fails, and
// asks a second one where the first is slow: reading twice does no harm. Make one with NewClient.
type Client struct {
	endpointer *endpoint.Endpointer
	product    endpoint.Endpoint
	http       *http.Client
}

// NewClient returns a Client that follows the service in view until Close.
func NewClient(view *membership.View, logger zerolog.Logger) *Client {
	c := &Client{http: guard.NewHTTPClient()}
	c.endpointer = guard.Follow(view, Name, guard.Factory[Product](c.http, http.MethodGet, encodeProduct), logger)
	c.product = endpoint.Retry(endpoint.NewBalancer(c.endpointer, balancer.LeastRequest()),
		endpoint.MaxAttempts(3), endpoint.PerTryTimeout(perTry), endpoint.Budget(retried), endpoint.Hedged())
	return c
}

func encodeProduct(_ context.Context, r *http.Request, request any) error {
	r.URL = r.URL.JoinPath("products", url.PathEscape(request.(productRequest).sku))
	return nil
}

// Product is that of Service.
func (c *Client) Product(ctx context.Context, sku string) (Product, error) {
	response, err := c.product(ctx, productRequest{sku})
	if err != nil {
		return Product{}, err
	}
	return response.(Product), nil
}

// Close ends what NewClient began. It is safe to call twice.
func (c *Client) Close() {
	c.endpointer.Close()
	c.http.CloseIdleConnections()
}
