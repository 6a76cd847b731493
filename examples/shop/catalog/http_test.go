package catalog

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rs/zerolog"
	"golang.org/x/time/rate"

	"github.com/grapevine-go/grapevine/examples/shop/auth"
	"github.com/grapevine-go/grapevine/examples/shop/auth/authtest"
	"github.com/grapevine-go/grapevine/examples/shop/guard"
)

func TestHandler(t *testing.T) {
	issuer := authtest.New(t)
	token := "Bearer " + issuer.Token(auth.ReadCatalog)
	for name, tt := range map[string]struct {
		path, authorization string
		limit               int // calls
		status              int
		says                string
	}{
		"a product":       {"/products/TEA-1", token, 1, 200, `{"sku":"TEA-1","name":"green tea, 100 g"}`},
		"unknown":         {"/products/TEA-9", token, 1, 404, `no product`},
		"no number":       {"/products/tea", token, 1, 400, `"field":"sku"`},
		"a number and /":  {"/products/TEA-1%2F", token, 1, 400, `"field":"sku"`},
		"a long number":   {"/products/" + strings.Repeat("T", 4096), token, 1, 400, `"field":"sku"`},
		"no token":        {"/products/TEA-1", "", 1, 401, `token`},
		"another scheme":  {"/products/TEA-1", "Basic YTpi", 1, 401, `token`},
		"another scope":   {"/products/TEA-1", "Bearer " + issuer.Token(auth.ReadOrders), 1, 403, auth.ReadCatalog},
		"above the limit": {"/products/TEA-1", token, 0, 429, `Too Many Requests`},
		"another path":    {"/product/TEA-1", token, 1, 404, `no GET /product/TEA-1`},
		"health":          {"/healthz", "", 0, 200, `ok`},
	} {
		t.Run(name, func(t *testing.T) {
			g := guard.Guard{Logger: zerolog.Nop(), Keys: issuer.Keys, Limit: rate.NewLimiter(0, tt.limit)}
			request := httptest.NewRequest(http.MethodGet, tt.path, nil)
			request.Header.Set("Authorization", tt.authorization)
			w := httptest.NewRecorder()
			Handler(New(Products...), g).ServeHTTP(w, request)
			if w.Body.Len() > 500 {
				t.Errorf("the answer has %d bytes: it repeats the request", w.Body.Len())
			}
			if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.says) {
				t.Errorf("answer %d %s, want %d with %s", w.Code, w.Body, tt.status, tt.says)
			}
		})
	}
}
