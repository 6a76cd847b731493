package main

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/grapevine-go/grapevine/endpoint"
	"github.com/grapevine-go/grapevine/examples/shop/auth"
	"github.com/grapevine-go/grapevine/examples/shop/catalog"
	"github.com/grapevine-go/grapevine/examples/shop/orders"
	"github.com/grapevine-go/grapevine/examples/shop/orders/sqlite"
	"github.com/grapevine-go/grapevine/examples/shop/pricing"
)

// faulty is the services catalog and pricing, which fail with what the test sets.
type faulty struct {
	catalog catalog.Service
	pricing pricing.Service
	product atomic.Pointer[func(context.Context) error]
	quote   atomic.Pointer[func(context.Context) error]
}

// both returns where to set what the services fail with.
func (f *faulty) both() map[string]*atomic.Pointer[func(context.Context) error] {
	return map[string]*atomic.Pointer[func(context.Context) error]{"catalog": &f.product, "pricing": &f.quote}
}

func newFaulty() *faulty {
	f := &faulty{catalog: catalog.New(catalog.Products...), pricing: pricing.New(pricing.Cents)}
	f.heal()
	return f
}

func (f *faulty) heal() {
	well := func(context.Context) error { return nil }
	f.product.Store(&well)
	f.quote.Store(&well)
}

func (f *faulty) Product(ctx context.Context, sku string) (catalog.Product, error) {
	if err := (*f.product.Load())(ctx); err != nil {
		return catalog.Product{}, err
	}
	return f.catalog.Product(ctx, sku)
}

func (f *faulty) Quote(ctx context.Context, items []pricing.Item) (pricing.Quote, error) {
	if err := (*f.quote.Load())(ctx); err != nil {
		return pricing.Quote{}, err
	}
	return f.pricing.Quote(ctx, items)
}

// TestErrorsEndToEnd follows each kind of error from catalog over HTTP, and from pricing over gRPC,
// through orders to the client.
func TestErrorsEndToEnd(t *testing.T) {
	f := newFaulty()
	tw := newTown(t, f, f)
	problem := func(kind error) error {
		return &endpoint.Problem{Kind: kind, Detail: "because", Err: errors.New("inner workings")}
	}
	panics := func(context.Context) error { panic("inner workings") }
	returns := func(err error) func(context.Context) error { return func(context.Context) error { return err } }
	for name, tt := range map[string]struct {
		fault  func(context.Context) error
		want   error
		detail bool // of the Problem arrives
	}{
		"invalid":         {returns(problem(endpoint.ErrInvalid)), endpoint.ErrInvalid, true},
		"unauthorized":    {returns(problem(endpoint.ErrUnauthorized)), endpoint.ErrUnauthorized, true},
		"forbidden":       {returns(problem(endpoint.ErrForbidden)), endpoint.ErrForbidden, true},
		"not found":       {returns(problem(endpoint.ErrNotFound)), endpoint.ErrNotFound, true},
		"conflict":        {returns(problem(endpoint.ErrConflict)), endpoint.ErrConflict, true},
		"exhausted":       {returns(problem(endpoint.ErrExhausted)), endpoint.ErrExhausted, true},
		"unavailable":     {returns(problem(endpoint.ErrUnavailable)), endpoint.ErrUnavailable, true},
		"internal":        {returns(problem(endpoint.ErrInternal)), endpoint.ErrInternal, true},
		"a deadline":      {returns(problem(context.DeadlineExceeded)), context.DeadlineExceeded, true},
		"an error of Go":  {returns(errors.New("inner workings")), endpoint.ErrInternal, false},
		"a panic":         {panics, endpoint.ErrInternal, false},
		"no error at all": {returns(nil), nil, false},
	} {
		for where, at := range f.both() {
			t.Run(name+" from "+where, func(t *testing.T) {
				defer f.heal()
				at.Store(&tt.fault)
				_, err := tw.client.Place(tw.ann(t.Context()), "", cart("TEA-1"))
				if !errors.Is(err, tt.want) || (err == nil) != (tt.want == nil) {
					t.Fatalf("error %v, want %v", err, tt.want)
				}
				if err == nil {
					return
				}
				if endpoint.KindOf(err) != tt.want {
					t.Errorf("error %v is of the kind %v, want %v", err, endpoint.KindOf(err), tt.want)
				}
				if strings.Contains(err.Error(), "because") != tt.detail {
					t.Errorf("error %q, want the detail: %v", err, tt.detail)
				}
				if strings.Contains(err.Error(), "inner workings") {
					t.Errorf("error %q tells the customer too much", err)
				}
				f.heal()
				// A success also ends the count of the circuit breakers.
				if _, err := tw.client.Place(tw.ann(t.Context()), "", cart("TEA-1")); err != nil {
					t.Errorf("after the fault: %v", err)
				}
			})
		}
	}
}

func TestFieldsEndToEnd(t *testing.T) {
	tw := newTown(t, catalog.New(), pricing.New(nil))
	_, err := tw.client.Place(tw.ann(t.Context()), "", cart("TEA-1", "tea"))
	var problem *endpoint.Problem
	if !errors.As(err, &problem) || len(problem.Fields) != 1 || problem.Fields[0].Field != "lines[1].sku" {
		t.Errorf("error %v, want the field lines[1].sku", err)
	}
}

func TestTokensEndToEnd(t *testing.T) {
	tw := newTown(t, catalog.New(catalog.Products...), pricing.New(pricing.Cents))
	issue := func(scopes ...string) string {
		token, err := tw.fleet.issuer.Issue("ann", time.Hour, scopes...)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	for name, tt := range map[string]struct {
		token string
		want  error
		says  string
	}{
		"valid":                  {tw.tokens.valid["ann"], nil, ""},
		"none":                   {"", endpoint.ErrUnauthorized, "token"},
		"expired":                {tw.tokens.expired, endpoint.ErrUnauthorized, "token"},
		"not for orders":         {issue(auth.ReadCatalog, auth.ReadPrices), endpoint.ErrForbidden, auth.WriteOrders},
		"passed on, for catalog": {issue(auth.WriteOrders, auth.ReadPrices), endpoint.ErrForbidden, auth.ReadCatalog},
		"passed on, for pricing": {issue(auth.WriteOrders, auth.ReadCatalog), endpoint.ErrForbidden, auth.ReadPrices},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			if tt.token != "" {
				ctx = auth.WithToken(ctx, tt.token)
			}
			_, err := tw.client.Place(ctx, "", cart("TEA-1"))
			if !errors.Is(err, tt.want) || (err == nil) != (tt.want == nil) {
				t.Fatalf("error %v, want %v", err, tt.want)
			}
			if err != nil && !strings.Contains(err.Error(), tt.says) {
				t.Errorf("error %q, want it to name %s", err, tt.says)
			}
		})
	}
}

func TestRequestIDEndToEnd(t *testing.T) {
	tw := newTown(t, catalog.New(catalog.Products...), pricing.New(pricing.Cents))
	ctx := endpoint.WithRequestID(tw.ann(t.Context()), "request-7")
	if _, err := tw.client.Place(ctx, "", cart("TEA-1")); err != nil {
		t.Fatal(err)
	}
	for _, process := range []string{"catalog-1", "pricing-1", "orders-1"} {
		if lines := tw.log.lines(`"request_id":"request-7"`, `"process":"`+process+`"`); len(lines) != 1 {
			t.Errorf("%s has logged the request %d times", process, len(lines))
		}
	}
}

// TestDeadlineEndToEnd has pricing and catalog look at the time that is left to them: no more than the
// client has, however slow the machine is.
func TestDeadlineEndToEnd(t *testing.T) {
	const given = 1500 * time.Millisecond // less than the services allow themselves
	f := newFaulty()
	tw := newTown(t, f, f)
	for where, at := range f.both() {
		looks := func(ctx context.Context) error {
			seen, ok := ctx.Deadline()
			if left := time.Until(seen); !ok || left > given {
				t.Errorf("%s has %v left, of the %v that the client gave", where, left, given)
			}
			return nil
		}
		at.Store(&looks)
	}
	place := func(given time.Duration) error {
		ctx, cancel := context.WithTimeout(tw.ann(t.Context()), given)
		defer cancel()
		_, err := tw.client.Place(ctx, "", cart("TEA-1"))
		return err
	}
	err := place(given)
	for range 9 { // a machine may be too slow for one
		if errors.Is(err, context.DeadlineExceeded) {
			err = place(given)
		}
	}
	if err != nil {
		t.Error(err)
	}

	waits := func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	}
	f.quote.Store(&waits)
	if err := place(100 * time.Millisecond); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want that of the deadline", err)
	}
}

func TestHealthOfAllServices(t *testing.T) {
	tw := newTown(t, catalog.New(), pricing.New(nil))
	addressOf := func(service string) string {
		return tw.fleet.node.View().Snapshot().Instances(service)[0].Address
	}
	for _, service := range []string{"catalog", "orders"} {
		response, err := http.Get("http://" + addressOf(service) + "/healthz")
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusOK {
			t.Errorf("%s is %s", service, response.Status)
		}
	}
	conn, err := grpc.NewClient(addressOf("pricing"), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	answer, err := grpc_health_v1.NewHealthClient(conn).Check(t.Context(),
		&grpc_health_v1.HealthCheckRequest{Service: "shop.pricing.v1.Pricing"})
	if err != nil || answer.Status != grpc_health_v1.HealthCheckResponse_SERVING {
		t.Errorf("pricing is %v, %v", answer, err)
	}
}

// forgetful is a store whose first order is stored, and whose process then ends before it answers.
type forgetful struct {
	orders.Store
	answers atomic.Bool
}

func (f *forgetful) Insert(ctx context.Context, order orders.Order, key string,
	fingerprint []byte) (orders.Order, error) {
	stored, err := f.Store.Insert(ctx, order, key, fingerprint)
	if !f.answers.Swap(true) {
		panic(http.ErrAbortHandler) // ends the connection
	}
	return stored, err
}

// TestAnswerIsLost is the moment that a kill -9 seldom meets: the order is stored, and the customer
// has no answer.
func TestAnswerIsLost(t *testing.T) {
	for name, tt := range map[string]struct {
		key  string
		want error // of the customer
	}{
		"with a key":    {"k", nil},
		"without a key": {"", endpoint.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			var path string
			open := func(ctx context.Context, p string) (orders.Store, func(), error) {
				path = p
				store, end, err := sqlite.OpenStore(ctx, p)
				return &forgetful{Store: store}, end, err
			}
			tw := newTownWith(t, open, catalog.New(catalog.Products...), pricing.New(pricing.Cents))
			order, err := tw.client.Place(tw.ann(t.Context()), tt.key, cart("TEA-1"))
			if endpoint.KindOf(err) != tt.want {
				t.Fatalf("error %v, want %v", err, tt.want)
			}
			store, err := sqlite.Open(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			defer store.Close()
			all, err := store.All(t.Context())
			if err != nil || len(all) != 1 {
				t.Fatalf("%d orders are stored, %v, want 1", len(all), err)
			}
			if tt.want == nil && (order.ID != all[0].ID || !order.Replayed) {
				t.Errorf("the customer has order %s, replayed %v; order %s is stored", order.ID, order.Replayed, all[0].ID)
			}
		})
	}
}

// TestReplayNeedsNobody repeats an order while neither catalog nor pricing can serve.
func TestReplayNeedsNobody(t *testing.T) {
	f := newFaulty()
	tw := newTown(t, f, f)
	first, err := tw.client.Place(tw.ann(t.Context()), "k", cart("TEA-1"))
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range f.both() {
		fails := func(context.Context) error { return endpoint.ErrUnavailable }
		at.Store(&fails)
	}
	again, err := tw.client.Place(tw.ann(t.Context()), "k", cart("TEA-1"))
	if err != nil || again.ID != first.ID {
		t.Errorf("the order again is %s, %v, want %s", again.ID, err, first.ID)
	}
	if _, err := tw.client.Place(tw.ann(t.Context()), "k", cart("TEA-2")); !errors.Is(err, endpoint.ErrConflict) {
		t.Errorf("another order with the key: error %v, want a conflict", err)
	}
}
