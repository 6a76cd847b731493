package main

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/grapevine-go/grapevine/endpoint"
	"github.com/grapevine-go/grapevine/examples/shop/orders"
)

// intent is an order that the load has sent, by its reference, which no other order has.
type intent struct {
	customer, key string // key is "" for none
	cart          orders.Cart
	outcome       outcome
	order         orders.Order // where it was placed
	err           error        // where the outcome is unknown
}

type outcome string

const (
	placed  outcome = "placed"  // the service has answered with the order
	refused outcome = "refused" // the service has answered no
	unknown outcome = "unknown" // no answer came, or a failure of the service: it may be stored or not
)

// ledger is what the customers remember, to be compared with what the service has stored. Its
// methods may be called concurrently.
type ledger struct {
	mu      sync.Mutex
	intents []intent
}

func (l *ledger) add(i intent) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.intents = append(l.intents, i)
}

// some returns an intent that was placed, a different one for each n; with a key if keyed.
func (l *ledger) some(n int, keyed bool) (intent, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for range l.intents {
		n++
		i := l.intents[n%len(l.intents)]
		if i.outcome == placed && (i.key != "" || !keyed) {
			return i, true
		}
	}
	return intent{}, false
}

func (l *ledger) all() []intent {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.intents[:len(l.intents):len(l.intents)]
}

// verdict is how the ledger compares with the store.
type verdict struct {
	stored  int
	lost    []string // placed, and not stored as they were placed
	twice   []string // stored more than once
	strange []string // stored although refused, or never sent
	unknown int      // without an order in answer
	kept    int      // of these, stored
	cutOff  []string // of these, those whose connection broke, with the error
}

func (v verdict) holds() bool { return len(v.lost)+len(v.twice)+len(v.strange) == 0 }

// compare finds each intent among the stored orders.
func compare(intents []intent, stored []orders.Order) verdict {
	v := verdict{stored: len(stored)}
	found := make(map[string][]orders.Order)
	for _, order := range stored {
		found[order.Reference] = append(found[order.Reference], order)
	}
	for _, i := range intents {
		reference := i.cart.Reference
		orders := found[reference]
		delete(found, reference)
		if len(orders) > 1 {
			v.twice = append(v.twice, reference)
		}
		switch {
		case i.outcome == placed && (len(orders) == 0 || !same(orders[0], i.order)):
			v.lost = append(v.lost, reference)
		case i.outcome == refused && len(orders) > 0:
			v.strange = append(v.strange, reference)
		case i.outcome == unknown:
			v.unknown++
			v.kept += min(len(orders), 1)
			if isCutOff(i.err) {
				v.cutOff = append(v.cutOff, fmt.Sprintf("%s: %v", reference, i.err))
			}
		}
	}
	for reference := range found {
		v.strange = append(v.strange, reference)
	}
	return v
}

// isCutOff reports whether err is the end of a connection, and neither a failure that the service
// answered with nor a time-out.
func isCutOff(err error) bool {
	var answered *endpoint.Problem
	return !errors.As(err, &answered) && !errors.Is(err, context.DeadlineExceeded)
}

func same(a, b orders.Order) bool {
	return a.ID == b.ID && a.Customer == b.Customer && a.TotalCents == b.TotalCents && a.PlacedAt.Equal(b.PlacedAt)
}
