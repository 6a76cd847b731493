// Package pricing is the service that knows what products cost, over gRPC.
//
// The files are Go kit's three layers: service.go is the business, endpoint.go the endpoint with its
// middleware, grpc.go and client.go the transport. Package pb is the contract.
package pricing

import (
	"context"
	"fmt"

	"github.com/grapevine-go/grapevine/endpoint"
	"github.com/grapevine-go/grapevine/examples/shop/guard"
	"github.com/grapevine-go/grapevine/examples/shop/sku"
)

const (
	currency     = "EUR"
	mostItems    = 100
	mostQuantity = 1_000_000
)

// Item is a product and the quantity to be priced.
type Item struct {
	SKU      string
	Quantity int64
}

// Quote is the price of some items.
type Quote struct {
	Currency   string // ISO 4217
	TotalCents int64
	UnitCents  []int64 // of each item, after the discount
}

// Service quotes prices.
type Service interface {
	// Quote prices items. Of a product without a price it is an endpoint.ErrNotFound.
	Quote(ctx context.Context, items []Item) (Quote, error)
}

// Cents is the price list of the shop, for one piece.
var Cents = map[string]int64{"TEA-1": 690, "TEA-2": 590, "TEA-3": 1290, "POT-1": 3900, "CUP-1": 850}

// discounts lowers the price of a piece from a quantity on, the largest first.
var discounts = []struct{ from, percent int64 }{{100, 15}, {10, 5}}

type service map[string]int64

// New returns a Service with a price list, in cents for one piece.
func New(cents map[string]int64) Service { return service(cents) }

func (s service) Quote(_ context.Context, items []Item) (Quote, error) {
	quote := Quote{Currency: currency}
	for _, item := range items {
		cents, ok := s[item.SKU]
		if !ok {
			return Quote{}, endpoint.NewProblem(endpoint.ErrNotFound, "no price for %q", item.SKU)
		}
		unit := cents - cents*discount(item.Quantity)/100
		quote.UnitCents = append(quote.UnitCents, unit)
		quote.TotalCents += unit * item.Quantity
	}
	return quote, nil
}

// discount returns the percentage off for a quantity.
func discount(quantity int64) int64 {
	for _, d := range discounts {
		if quantity >= d.from {
			return d.percent
		}
	}
	return 0
}

// quoteRequest is the request of the endpoint.
type quoteRequest struct{ items []Item }

// Validate reports the items that cannot be priced, as an endpoint.ErrInvalid.
func (r quoteRequest) Validate() error {
	var fields guard.Fields
	if n := len(r.items); n == 0 || n > mostItems {
		fields.Add("lines", "has %d lines, want 1 to %d", n, mostItems)
	}
	for i, item := range r.items[:min(len(r.items), mostItems)] {
		if !sku.Valid(item.SKU) {
			fields.Add(fmt.Sprintf("lines[%d].sku", i), "is %.20q, want the form %s", item.SKU, sku.Form)
		}
		if item.Quantity < 1 || item.Quantity > mostQuantity {
			fields.Add(fmt.Sprintf("lines[%d].quantity", i), "is %d, want 1 to %d", item.Quantity, mostQuantity)
		}
	}
	return fields.Err()
}
