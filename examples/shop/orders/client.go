package orders

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"time"

	kithttp "github.com/go-kit/kit/transport/http"
	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/endpoint"
	"github.com/grapevine-go/grapevine/examples/shop/guard"
	"github.com/grapevine-go/grapevine/membership"
)

// Name is the name under which the service is found.
const Name = "orders"

const (
	perTry  = 3 * time.Second // for one attempt
	retried = 0.2             // the share of the calls that may be repeated, beside three a second
)

// Client calls the service that the cluster offers, for the customer whose token is in the context,
// see auth.WithToken. Make one with NewClient.
type Client struct {
	place, get *endpoint.Endpointer
	placeOnce  endpoint.Endpoint // without a key
	placeAgain endpoint.Endpoint // with a key: the service knows a call that it has served already
	order      endpoint.Endpoint
	http       *http.Client
}

// NewClient returns a Client that follows the service in view until Close. The middleware, which may
// be nil, goes around each attempt.
func NewClient(view *membership.View, logger zerolog.Logger, attempt endpoint.Middleware) *Client {
	c := &Client{http: guard.NewHTTPClient()}
	follow := func(method string, encode kithttp.EncodeRequestFunc) *endpoint.Endpointer {
		factory := guard.Factory[Order](c.http, method, encode)
		factory = endpoint.PerInstance(factory, func(string) endpoint.Middleware { return attempt })
		return guard.Follow(view, Name, factory, logger)
	}
	c.place = follow(http.MethodPost, encodePlace)
	c.get = follow(http.MethodGet, encodeOrder)
	placing := endpoint.NewBalancer(c.place, balancer.LeastRequest())
	never := func(error) bool { return false }
	c.placeOnce = endpoint.Retry(placing, endpoint.RetryIf(never)) // only what reached no server
	c.placeAgain = endpoint.Retry(placing,
		endpoint.MaxAttempts(4), endpoint.PerTryTimeout(perTry), endpoint.Budget(retried))
	c.order = endpoint.Retry(endpoint.NewBalancer(c.get, balancer.LeastRequest()),
		endpoint.MaxAttempts(3), endpoint.PerTryTimeout(perTry), endpoint.Budget(retried), endpoint.Hedged())
	return c
}

func encodePlace(_ context.Context, r *http.Request, request any) error {
	place := request.(placeRequest)
	r.URL = r.URL.JoinPath("orders")
	if place.key != "" {
		r.Header.Set(keyHeader, place.key)
	}
	body, err := json.Marshal(place.cart)
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	r.ContentLength = int64(len(body))
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	r.Body, err = r.GetBody() // net/http asks again where an idle connection turns out to be closed
	return err
}

func encodeOrder(_ context.Context, r *http.Request, request any) error {
	r.URL = r.URL.JoinPath("orders", url.PathEscape(request.(orderRequest).id))
	return nil
}

// Place orders cart. With a key it is sent again where an instance fails, so an error means that
// no instance answered in time, or that the answer is no; the same key may be used again. Without
// a key it is sent once, so an order that fails with endpoint.ErrUnavailable, or by the end of its
// connection, may have been stored or not.
func (c *Client) Place(ctx context.Context, key string, cart Cart) (Order, error) {
	place := c.placeAgain
	if key == "" {
		place = c.placeOnce
	}
	return orderOf(place(ctx, placeRequest{key: key, cart: cart}))
}

// Order returns an order of the customer.
func (c *Client) Order(ctx context.Context, id string) (Order, error) {
	return orderOf(c.order(ctx, orderRequest{id}))
}

func orderOf(response any, err error) (Order, error) {
	if err != nil {
		return Order{}, err
	}
	return response.(Order), nil
}

// Close ends what NewClient began. It is safe to call twice.
func (c *Client) Close() {
	c.place.Close()
	c.get.Close()
	c.http.CloseIdleConnections()
}
