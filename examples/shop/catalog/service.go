// Package catalog is the service that knows the products, over HTTP.
//
// The files are Go kit's three layers: service.go is the business, endpoint.go the endpoint with its
// middleware, http.go and client.go the transport.
package catalog

import (
	"context"

	"github.com/grapevine-go/grapevine/endpoint"
)

// Product is an article of the shop.
type Product struct {
	SKU  string `json:"sku"`
	Name string `json:"name"`
}

// Service finds products.
type Service interface {
	// Product returns the product with this article number, or endpoint.ErrNotFound.
	Product(ctx context.Context, sku string) (Product, error)
}

type service map[string]Product

// New returns a Service that knows products.
func New(products ...Product) Service {
	s := make(service)
	for _, product := range products {
		s[product.SKU] = product
	}
	return s
}

// Products is the assortment of the shop.
var Products = []Product{
	{"TEA-1", "green tea, 100 g"},
	{"TEA-2", "black tea, 100 g"},
	{"TEA-3", "white tea, 50 g"},
	{"POT-1", "tea pot, 1 l"},
	{"CUP-1", "cup, 0.2 l"},
	{"CUP-2", "cup, 0.3 l"}, // new: it has no price yet
}

func (s service) Product(_ context.Context, sku string) (Product, error) {
	product, ok := s[sku]
	if !ok {
		return Product{}, endpoint.NewProblem(endpoint.ErrNotFound, "no product %q", sku)
	}
	return product, nil
}
