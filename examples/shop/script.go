package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/grapevine-go/grapevine/endpoint"
	"github.com/grapevine-go/grapevine/examples/shop/auth"
	"github.com/grapevine-go/grapevine/examples/shop/orders"
)

// act is a kind of call. play makes one, and returns an error if it did not end as it should.
type act struct {
	name         string
	mayBeUnknown bool // its outcome, where the process that has it is killed
	play         func(ctx context.Context, l *load, n int) (outcome, error)
}

var (
	withKey    = act{"order with a key", false, placeWithKey}
	again      = act{"the same key and order again", false, placeAgain}
	otherCart  = act{"the same key, another order", false, placeOther}
	withoutKey = act{"order without a key", true, placeWithoutKey}
	read       = act{"read an order", false, readOrder}
	malformed  = act{"order of 0 cups", false, refusal(endpoint.ErrInvalid, line("CUP-1", 0))}
	noProduct  = act{"product that catalog does not know", false, refusal(endpoint.ErrNotFound, line("CUP-9", 1))}
	noPrice    = act{"product without a price in pricing", false, refusal(endpoint.ErrNotFound, line("CUP-2", 1))}
	expired    = act{"expired token", false, badToken(endpoint.ErrUnauthorized, tokens.old)}
	readOnly   = act{"token without the scope", false, badToken(endpoint.ErrForbidden, tokens.weak)}

	acts   = []act{withKey, again, otherCart, withoutKey, read, malformed, noProduct, noPrice, expired, readOnly}
	script = []act{ // is played over and over
		withKey, read, withKey, withoutKey, withKey, again, malformed, withKey, read, noProduct,
		withKey, expired, withKey, withoutKey, read, withKey, otherCart, noPrice, withKey, readOnly,
	}
)

func line(sku string, quantity int64) orders.Line { return orders.Line{SKU: sku, Quantity: quantity} }

// newIntent returns the nth order, which no other call sends.
func newIntent(n int, key string) intent {
	lines := []orders.Line{line("TEA-1", int64(n%20+1))}
	if n%2 == 0 {
		lines = append(lines, line("POT-1", 1), line("CUP-1", 6))
	}
	return intent{
		customer: customers[n%len(customers)], key: key,
		cart: orders.Cart{Reference: fmt.Sprintf("r-%06d", n), Lines: lines},
	}
}

// place sends i and writes down what became of it.
func (l *load) place(ctx context.Context, token string, i intent) (intent, error) {
	var err error
	call := func() (orders.Order, error) { return l.client.Place(auth.WithToken(ctx, token), i.key, i.cart) }
	again := notNow
	if i.key == "" {
		again = endpoint.Unsent // what reached no server is not stored
	}
	i.order, err = persist(ctx, again, call)
	switch endpoint.KindOf(err) {
	case nil:
		i.outcome = placed
	case endpoint.ErrInvalid, endpoint.ErrUnauthorized, endpoint.ErrForbidden, endpoint.ErrNotFound, endpoint.ErrConflict:
		i.outcome = refused
	default:
		i.outcome, i.err = unknown, err
	}
	l.ledger.add(i)
	return i, err
}

func placeWithKey(ctx context.Context, l *load, n int) (outcome, error) {
	i := newIntent(n, rand.Text())
	i, err := l.place(ctx, l.tokens.valid[i.customer], i)
	return i.outcome, err
}

func placeWithoutKey(ctx context.Context, l *load, n int) (outcome, error) {
	i := newIntent(n, "")
	i, err := l.place(ctx, l.tokens.valid[i.customer], i)
	return i.outcome, err
}

func placeAgain(ctx context.Context, l *load, n int) (outcome, error) {
	before, ok := l.ledger.some(n, true)
	if !ok {
		return "", nil
	}
	order, err := persist(ctx, notNow, func() (orders.Order, error) {
		return l.client.Place(auth.WithToken(ctx, l.tokens.valid[before.customer]), before.key, before.cart)
	})
	if err == nil && (!same(order, before.order) || !order.Replayed) {
		err = fmt.Errorf("order %s was answered by order %s, replayed %v", before.order.ID, order.ID, order.Replayed)
	}
	return "", err
}

func placeOther(ctx context.Context, l *load, n int) (outcome, error) {
	before, ok := l.ledger.some(n, true)
	if !ok {
		return "", nil
	}
	i := newIntent(n, before.key)
	i.customer = before.customer
	i, err := l.place(ctx, l.tokens.valid[i.customer], i)
	return i.outcome, expect(endpoint.ErrConflict, err)
}

func readOrder(ctx context.Context, l *load, n int) (outcome, error) {
	before, ok := l.ledger.some(n, false)
	if !ok {
		return "", nil
	}
	order, err := persist(ctx, notNow, func() (orders.Order, error) {
		return l.client.Order(auth.WithToken(ctx, l.tokens.valid[before.customer]), before.order.ID)
	})
	if err == nil && !same(order, before.order) {
		err = fmt.Errorf("order %s is read as %+v", before.order.ID, order)
	}
	return "", err
}

// refusal orders what cannot be had.
func refusal(kind error, lines ...orders.Line) func(context.Context, *load, int) (outcome, error) {
	return func(ctx context.Context, l *load, n int) (outcome, error) {
		i := newIntent(n, rand.Text())
		i.cart.Lines = lines
		i, err := l.place(ctx, l.tokens.valid[i.customer], i)
		return i.outcome, expect(kind, err)
	}
}

// badToken orders with a token that does not allow it.
func badToken(kind error, token func(tokens) string) func(context.Context, *load, int) (outcome, error) {
	return func(ctx context.Context, l *load, n int) (outcome, error) {
		i, err := l.place(ctx, token(l.tokens), newIntent(n, rand.Text()))
		return i.outcome, expect(kind, err)
	}
}

func expect(kind, err error) error {
	if errors.Is(err, kind) {
		return nil
	}
	return fmt.Errorf("want %q, got: %w", kind, err)
}
