package orders_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rs/zerolog"
	"golang.org/x/time/rate"

	"github.com/grapevine-go/grapevine/endpoint"
	"github.com/grapevine-go/grapevine/examples/shop/auth"
	"github.com/grapevine-go/grapevine/examples/shop/auth/authtest"
	"github.com/grapevine-go/grapevine/examples/shop/catalog"
	"github.com/grapevine-go/grapevine/examples/shop/guard"
	"github.com/grapevine-go/grapevine/examples/shop/orders"
	"github.com/grapevine-go/grapevine/examples/shop/orders/sqlite"
	"github.com/grapevine-go/grapevine/examples/shop/pricing"
)

// rig is the service behind its handler, with catalog and pricing in the same process.
type rig struct {
	t       *testing.T
	handler http.Handler
	issuer  authtest.Issuer
	store   *sqlite.Store
}

func newRig(t *testing.T, limit *rate.Limiter) *rig {
	t.Helper()
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "orders.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	issuer := authtest.New(t)
	service := orders.New(store, catalog.New(catalog.Products...), pricing.New(pricing.Cents))
	g := guard.Guard{Logger: zerolog.Nop(), Keys: issuer.Keys, Limit: limit}
	return &rig{t: t, handler: orders.Handler(service, g, store.Ping), issuer: issuer, store: store}
}

// call sends a request with a token of ann, and returns the response with its body.
func (r *rig) call(method, path, key, body string) (*httptest.ResponseRecorder, string) {
	r.t.Helper()
	request := httptest.NewRequest(method, path, strings.NewReader(body))
	request.Header.Set("Authorization", "Bearer "+r.issuer.Token(auth.Customer...))
	if key != "" {
		request.Header.Set("Idempotency-Key", key)
	}
	w := httptest.NewRecorder()
	r.handler.ServeHTTP(w, request)
	return w, w.Body.String()
}

const (
	oneLine = `{"sku":"TEA-1","quantity":1}`
	oneTea  = `{"reference":"r-1","lines":[` + oneLine + `]}`
)

func unlimited() *rate.Limiter { return rate.NewLimiter(rate.Inf, 0) }

func TestValidation(t *testing.T) {
	r := newRig(t, unlimited())
	referring := func(to string) string {
		return `{"reference":"` + to + `","lines":[{"sku":"TEA-1","quantity":1}]}`
	}
	many := strings.TrimSuffix(strings.Repeat(oneLine+",", 21), ",")
	for name, tt := range map[string]struct {
		key, body string
		status    int
		says      string // in the answer
	}{
		"valid":                 {"", oneTea, 201, `"total_cents":690`},
		"a discount":            {"", `{"lines":[{"sku":"TEA-1","quantity":10}]}`, 201, `"total_cents":6560`},
		"no body":               {"", ``, 400, "EOF"},
		"no JSON":               {"", `<order/>`, 400, "invalid character"},
		"a field too many":      {"", `{"lines":[],"line":[]}`, 400, `unknown field \"line\"`},
		"text after it":         {"", oneTea + "{}", 400, "more than one value"},
		"another type":          {"", `{"lines":[{"sku":"TEA-1","quantity":"1"}]}`, 400, `"detail":"must not be a string"`},
		"another value":         {"", `[]`, 400, `"field":"the body"`},
		"too large":             {"", referring(strings.Repeat("x", 70_000)), 413, "larger than 65536 bytes"},
		"no lines":              {"", `{"lines":[]}`, 400, `"field":"lines"`},
		"too many lines":        {"", `{"lines":[` + many + `]}`, 400, "21 lines, want 1 to 20"},
		"no article number":     {"", `{"lines":[{"sku":"../tea","quantity":1}]}`, 400, `"field":"lines[0].sku"`},
		"no quantity":           {"", `{"lines":[{"sku":"TEA-1"}]}`, 400, `"field":"lines[0].quantity"`},
		"a negative quantity":   {"", `{"lines":[{"sku":"TEA-1","quantity":-1}]}`, 400, "is -1, want 1 to 1000"},
		"a large quantity":      {"", `{"lines":[{"sku":"TEA-1","quantity":1001}]}`, 400, "is 1001, want 1 to 1000"},
		"the same twice":        {"", `{"lines":[` + many[:2*len(oneLine)+1] + `]}`, 400, "is that of lines[0]"},
		"a long reference":      {"", referring(strings.Repeat("é", 65)), 400, "has 65 characters"},
		"a reference that fits": {"", referring(strings.Repeat("é", 64)), 201, "é"},
		"a long key":            {strings.Repeat("k", 256), oneTea, 400, `"field":"Idempotency-Key"`},
		"a key with a blank":    {"a b", oneTea, 400, `"field":"Idempotency-Key"`},
		"two faults":            {"a b", `{"lines":[]}`, 400, `"field":"lines"`},
		"an unknown product":    {"", `{"lines":[{"sku":"TEA-9","quantity":1}]}`, 404, `\"TEA-9\"`},
		"no price":              {"", `{"lines":[{"sku":"CUP-2","quantity":1}]}`, 404, `no price for \"CUP-2\"`},
	} {
		t.Run(name, func(t *testing.T) {
			w, body := r.call(http.MethodPost, "/orders", tt.key, tt.body)
			if w.Code != tt.status || !strings.Contains(body, tt.says) {
				t.Errorf("answer %d %s, want %d with %s", w.Code, body, tt.status, tt.says)
			}
			if got, want := w.Header().Get("Content-Type") == "application/problem+json", tt.status >= 400; got != want {
				t.Errorf("Content-Type is %q", w.Header().Get("Content-Type"))
			}
			if strings.Contains(body, "Go struct") {
				t.Errorf("the answer names types of Go: %s", body)
			}
			if w.Header().Get("X-Request-Id") == "" {
				t.Error("the answer has no request ID")
			}
		})
	}
}

func TestIdempotencyKeyOverHTTP(t *testing.T) {
	r := newRig(t, unlimited())
	place := func(key, body string) (int, orders.Order) {
		w, text := r.call(http.MethodPost, "/orders", key, body)
		var order orders.Order
		if err := json.Unmarshal([]byte(text), &order); err != nil {
			t.Fatal(err)
		}
		return w.Code, order
	}
	_, first := place("k", oneTea)
	inOtherWords := ` { "lines": [{"quantity":1, "sku":"TEA-1"}], "reference":"r-1" }`
	status, again := place("k", inOtherWords)
	if status != 201 || again.ID != first.ID || !again.Replayed {
		t.Errorf("the same order again is answered by %d, order %s, want order %s", status, again.ID, first.ID)
	}
	if status, _ := place("k", strings.Replace(oneTea, "1}", "2}", 1)); status != 409 {
		t.Errorf("another order with the key is answered by %d, want 409", status)
	}
	if _, other := place("", oneTea); other.ID == first.ID {
		t.Error("an order without a key is answered by the order before")
	}
	w, _ := r.call(http.MethodPost, "/orders", "k", oneTea)
	w, body := r.call(http.MethodGet, w.Header().Get("Location"), "", "")
	if w.Code != 200 || !strings.Contains(body, first.ID) || !strings.Contains(body, "green tea") {
		t.Errorf("the order is read as %d %s", w.Code, body)
	}
}

func TestOtherPaths(t *testing.T) {
	r := newRig(t, unlimited())
	for _, tt := range []struct {
		method, path string
		status       int
	}{
		{http.MethodGet, "/orders/none", 404},
		{http.MethodGet, "/", 404},
		{http.MethodDelete, "/none", 404},
		{http.MethodDelete, "/orders/none", 405},
		{http.MethodGet, "/orders", 405},
		{http.MethodGet, "/healthz", 200},
	} {
		if w, body := r.call(tt.method, tt.path, "", ""); w.Code != tt.status || !json.Valid([]byte(body)) {
			t.Errorf("%s %s is answered by %d %s, want %d", tt.method, tt.path, w.Code, body, tt.status)
		} else if allow := w.Header().Get("Allow"); (allow != "") != (tt.status == 405) {
			t.Errorf("%s %s is answered by %d, with Allow: %q", tt.method, tt.path, w.Code, allow)
		}
	}
	r.store.Close()
	if w, _ := r.call(http.MethodGet, "/healthz", "", ""); w.Code != 503 {
		t.Errorf("without its store the service is healthy: %d", w.Code)
	}
}

// TestTokenComesBeforeTheBody has a stranger learn nothing of how an order looks.
func TestTokenComesBeforeTheBody(t *testing.T) {
	r := newRig(t, unlimited())
	w := httptest.NewRecorder()
	r.handler.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/orders", strings.NewReader("<order/>")))
	if w.Code != http.StatusUnauthorized {
		t.Errorf("answer %d %s, want 401", w.Code, w.Body)
	}
}

func TestLimit(t *testing.T) {
	r := newRig(t, rate.NewLimiter(0, 1))
	for i, want := range []int{201, 429} {
		w, body := r.call(http.MethodPost, "/orders", "", oneTea)
		if w.Code != want {
			t.Errorf("call %d is answered by %d %s, want %d", i, w.Code, body, want)
		}
	}
	if w, _ := r.call(http.MethodGet, "/healthz", "", ""); w.Code != 200 {
		t.Errorf("above the limit the probe of health is answered by %d", w.Code)
	}
}

// failing is a Service of each kind that knows no TEA-9 and answers nothing else.
type failing struct{}

func (failing) Product(ctx context.Context, sku string) (catalog.Product, error) {
	if sku == "TEA-9" {
		return catalog.Product{}, endpoint.NewProblem(endpoint.ErrNotFound, "no product %q", sku)
	}
	<-ctx.Done()
	return catalog.Product{}, ctx.Err()
}

func (failing) Quote(ctx context.Context, _ []pricing.Item) (pricing.Quote, error) {
	<-ctx.Done()
	return pricing.Quote{}, fmt.Errorf("call: %w", ctx.Err())
}

// TestFirstFailureDecides waits for ever if the first failure does not end the other calls.
func TestFirstFailureDecides(t *testing.T) {
	service := orders.New(nil, failing{}, failing{})
	_, err := service.Place(t.Context(), "ann", "", orders.Cart{Lines: []orders.Line{
		{SKU: "TEA-1", Quantity: 1}, {SKU: "TEA-9", Quantity: 1},
	}})
	if !errors.Is(err, endpoint.ErrNotFound) || errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that of TEA-9 alone", err)
	}
}
