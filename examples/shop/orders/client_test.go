package orders_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/endpoint"
	"github.com/grapevine-go/grapevine/examples/shop/orders"
	"github.com/grapevine-go/grapevine/membership"
)

// newClient returns a client of an instance whose answers are those of handler.
func newClient(t *testing.T, handler http.HandlerFunc) *orders.Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	node, err := cluster.Start(t.Context(), cluster.Config{Name: "shop"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { node.Close() })
	address := strings.TrimPrefix(server.URL, "http://")
	if _, err := node.Register(membership.Service{Name: orders.Name, Address: address}); err != nil {
		t.Fatal(err)
	}
	client := orders.NewClient(node.View(), zerolog.Nop(), nil)
	t.Cleanup(client.Close)
	return client
}

// TestWhichCallsAreSentAgain has an instance end its connections without an answer, like a process
// that is killed, and another answer with an error.
func TestWhichCallsAreSentAgain(t *testing.T) {
	cut := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	answer := func(kind error) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { endpoint.EncodeProblem(r.Context(), kind, w) }
	}
	place := func(key string) func(*testing.T, *orders.Client) error {
		return func(t *testing.T, c *orders.Client) error {
			_, err := c.Place(t.Context(), key, orders.Cart{Lines: []orders.Line{{SKU: "TEA-1", Quantity: 1}}})
			return err
		}
	}
	read := func(t *testing.T, c *orders.Client) error {
		_, err := c.Order(t.Context(), "1")
		return err
	}
	for name, tt := range map[string]struct {
		instance http.HandlerFunc
		call     func(*testing.T, *orders.Client) error
		sent     int64
		kind     error
	}{
		"an order without a key, cut":         {cut, place(""), 1, endpoint.ErrUnavailable},
		"an order without a key, unavailable": {answer(endpoint.ErrUnavailable), place(""), 1, endpoint.ErrUnavailable},
		"an order with a key, cut":            {cut, place("k"), 4, endpoint.ErrUnavailable},
		"an order with a key, unavailable":    {answer(endpoint.ErrUnavailable), place("k"), 4, endpoint.ErrUnavailable},
		"an order with a key, conflict":       {answer(endpoint.ErrConflict), place("k"), 1, endpoint.ErrConflict},
		"an order with a key, invalid":        {answer(endpoint.ErrInvalid), place("k"), 1, endpoint.ErrInvalid},
		"a read, cut":                         {cut, read, 3, endpoint.ErrUnavailable},
		"a read, not found":                   {answer(endpoint.ErrNotFound), read, 1, endpoint.ErrNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			var sent atomic.Int64
			client := newClient(t, func(w http.ResponseWriter, r *http.Request) {
				sent.Add(1)
				tt.instance(w, r)
			})
			err := tt.call(t, client)
			if endpoint.KindOf(err) != tt.kind {
				t.Errorf("error %v of the kind %v, want %v", err, endpoint.KindOf(err), tt.kind)
			}
			if got := sent.Load(); got != tt.sent {
				t.Errorf("sent %d times, want %d", got, tt.sent)
			}
		})
	}
}

// TestNoInstance sees that a call fails where no process offers the service.
func TestNoInstance(t *testing.T) {
	node, err := cluster.Start(t.Context(), cluster.Config{Name: "shop"})
	if err != nil {
		t.Fatal(err)
	}
	defer node.Close()
	client := orders.NewClient(node.View(), zerolog.Nop(), nil)
	defer client.Close()
	_, err = client.Place(t.Context(), "", orders.Cart{})
	if !errors.Is(err, endpoint.ErrNoEndpoints) || endpoint.KindOf(err) != endpoint.ErrUnavailable {
		t.Errorf("error %v, want no endpoints, which is unavailable", err)
	}
}
