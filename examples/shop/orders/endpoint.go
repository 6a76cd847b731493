package orders

import (
	"context"
	"time"

	"github.com/grapevine-go/grapevine/endpoint"
	"github.com/grapevine-go/grapevine/examples/shop/auth"
	"github.com/grapevine-go/grapevine/examples/shop/guard"
)

const (
	within = 5 * time.Second      // a call takes no longer
	needs  = 5 * time.Millisecond // a call with less time left is not begun
)

type placeRequest struct {
	key    string // of idempotency; "" for none
	cart   Cart
	unread error // why the body is no cart
}

// Validate reports what is wrong with the key and the cart, as an endpoint.ErrInvalid.
func (r placeRequest) Validate() error {
	if r.unread != nil {
		return r.unread
	}
	var fields guard.Fields
	checkKey(r.key, &fields)
	r.cart.check(&fields)
	return fields.Err()
}

type orderRequest struct{ id string }

// Validate accepts any ID: the store finds no order for an ID of another form.
func (orderRequest) Validate() error { return nil }

func placeEndpoint(service Service, g guard.Guard) endpoint.Endpoint {
	return g.Endpoint("place", auth.WriteOrders, within, needs)(
		func(ctx context.Context, request any) (any, error) {
			r := request.(placeRequest)
			return service.Place(ctx, auth.Subject(ctx), r.key, r.cart)
		})
}

func orderEndpoint(service Service, g guard.Guard) endpoint.Endpoint {
	return g.Endpoint("order", auth.ReadOrders, within, needs)(
		func(ctx context.Context, request any) (any, error) {
			return service.Order(ctx, auth.Subject(ctx), request.(orderRequest).id)
		})
}
