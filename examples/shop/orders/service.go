package orders

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/grapevine-go/grapevine/endpoint"
	"github.com/grapevine-go/grapevine/examples/shop/catalog"
	"github.com/grapevine-go/grapevine/examples/shop/pricing"
)

// Service takes orders and returns them. Its methods return the errors of the taxonomy of package
// endpoint, also those of the services behind it.
type Service interface {
	// Place stores an order for customer. With a key it may be called again: a second call returns
	// the order of the first, and fails with endpoint.ErrConflict if the cart is another one.
	Place(ctx context.Context, customer, key string, cart Cart) (Order, error)

	// Order returns an order of customer. Orders of others are not found.
	Order(ctx context.Context, customer, id string) (Order, error)
}

// Store keeps orders. An order that Insert has returned survives the end of the process.
type Store interface {
	// Insert stores an order with its key, in one transaction. Where the customer used the key
	// before it stores nothing, and returns what Replay returns.
	Insert(ctx context.Context, order Order, key string, fingerprint []byte) (Order, error)

	// Replay returns the order that was stored under key. It fails with endpoint.ErrNotFound where
	// there is none, and with endpoint.ErrConflict where its fingerprint is another one.
	Replay(ctx context.Context, customer, key string, fingerprint []byte) (Order, error)

	// Order returns the order of customer with this ID, or endpoint.ErrNotFound.
	Order(ctx context.Context, customer, id string) (Order, error)

	// Ping fails where the store cannot be used.
	Ping(ctx context.Context) error
}

// service is the Service of a process that has the store.
type service struct {
	store    Store
	products catalog.Service
	prices   pricing.Service
}

// New returns a Service that keeps its orders in store.
func New(store Store, products catalog.Service, prices pricing.Service) Service {
	return &service{store: store, products: products, prices: prices}
}

func (s *service) Place(ctx context.Context, customer, key string, cart Cart) (Order, error) {
	fingerprint := cart.fingerprint()
	if key != "" { // spares a retry the calls, and keeps the price that was accepted
		order, err := s.store.Replay(ctx, customer, key, fingerprint)
		if !errors.Is(err, endpoint.ErrNotFound) {
			return order, err
		}
	}
	names, quote, err := s.ask(ctx, cart)
	if err != nil {
		return Order{}, err
	}
	order := Order{
		ID: rand.Text(), Customer: customer, Reference: cart.Reference,
		Currency: quote.Currency, TotalCents: quote.TotalCents,
		PlacedAt: time.Now().UTC().Truncate(time.Microsecond), // as precise as the store
	}
	for i, line := range cart.Lines {
		order.Lines = append(order.Lines, OrderLine{Line: line, Name: names[i], UnitCents: quote.UnitCents[i]})
	}
	return s.store.Insert(ctx, order, key, fingerprint)
}

// ask asks for the name of each product and for the price of all, at the same time. The first
// failure cancels the other calls.
func (s *service) ask(ctx context.Context, cart Cart) (names []string, quote pricing.Quote, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var (
		work  sync.WaitGroup
		once  sync.Once
		first error
	)
	fail := func(err error) {
		once.Do(func() { first = err })
		cancel()
	}
	names = make([]string, len(cart.Lines))
	items := make([]pricing.Item, len(cart.Lines))
	for i, line := range cart.Lines {
		items[i] = pricing.Item{SKU: line.SKU, Quantity: line.Quantity}
		work.Go(func() {
			product, err := s.products.Product(ctx, line.SKU)
			if err != nil {
				fail(fmt.Errorf("catalog: %w", err))
			}
			names[i] = product.Name
		})
	}
	work.Go(func() {
		var err error
		if quote, err = s.prices.Quote(ctx, items); err != nil {
			fail(fmt.Errorf("pricing: %w", err))
		}
	})
	work.Wait()
	return names, quote, first
}

func (s *service) Order(ctx context.Context, customer, id string) (Order, error) {
	return s.store.Order(ctx, customer, id)
}
