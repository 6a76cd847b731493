// Package orders is the service that takes orders, over HTTP. It asks the services catalog and
// pricing about each order before it stores it.
//
// The files are Go kit's three layers: service.go and order.go are the business, endpoint.go the
// endpoints with their middleware, http.go and client.go the transport.
package orders

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/grapevine-go/grapevine/examples/shop/guard"
	"github.com/grapevine-go/grapevine/examples/shop/sku"
)

const (
	mostLines     = 20
	mostQuantity  = 1000
	mostReference = 64  // characters
	mostKey       = 255 // characters

	keyHeader = "Idempotency-Key" // draft-ietf-httpapi-idempotency-key-header
)

// Cart is what a customer wants to order.
type Cart struct {
	Reference string `json:"reference,omitempty"` // the customer's own name for the order
	Lines     []Line `json:"lines"`
}

// Line is a product of a Cart.
type Line struct {
	SKU      string `json:"sku"`
	Quantity int64  `json:"quantity"`
}

// Order is a Cart that was accepted at a price.
type Order struct {
	ID         string      `json:"id"`
	Customer   string      `json:"customer"`
	Reference  string      `json:"reference,omitempty"`
	Lines      []OrderLine `json:"lines"`
	Currency   string      `json:"currency"`
	TotalCents int64       `json:"total_cents"`
	PlacedAt   time.Time   `json:"placed_at"`

	// Replayed is true where the order had been stored before, under the same idempotency key.
	Replayed bool `json:"replayed,omitempty"`
}

// OrderLine is a product of an Order.
type OrderLine struct {
	Line
	Name      string `json:"name"`
	UnitCents int64  `json:"unit_cents"`
}

// check adds the fields of c that cannot be used.
func (c Cart) check(fields *guard.Fields) {
	if n := utf8.RuneCountInString(c.Reference); n > mostReference {
		fields.Add("reference", "has %d characters, want %d at most", n, mostReference)
	}
	if n := len(c.Lines); n == 0 || n > mostLines {
		fields.Add("lines", "has %d lines, want 1 to %d", n, mostLines)
	}
	seen := make(map[string]int)
	for i, line := range c.Lines[:min(len(c.Lines), mostLines)] {
		if !sku.Valid(line.SKU) {
			fields.Add(fmt.Sprintf("lines[%d].sku", i), "is %.20q, want the form %s", line.SKU, sku.Form)
		}
		if line.Quantity < 1 || line.Quantity > mostQuantity {
			fields.Add(fmt.Sprintf("lines[%d].quantity", i), "is %d, want 1 to %d", line.Quantity, mostQuantity)
		}
		if first, ok := seen[line.SKU]; ok {
			fields.Add(fmt.Sprintf("lines[%d].sku", i), "is that of lines[%d], add up the quantities", first)
		}
		seen[line.SKU] = i
	}
}

// fingerprint tells carts apart that came with the same idempotency key.
func (c Cart) fingerprint() []byte {
	text, _ := json.Marshal(c) // strings and integers only
	sum := sha256.Sum256(text)
	return sum[:]
}

// checkKey checks an idempotency key; the empty one means none.
func checkKey(key string, fields *guard.Fields) {
	if len(key) > mostKey {
		fields.Add(keyHeader, "has %d characters, want %d at most", len(key), mostKey)
		return
	}
	if strings.ContainsFunc(key, func(c rune) bool { return c < '!' || c > '~' }) {
		fields.Add(keyHeader, "is %q, want visible characters of ASCII", key)
	}
}
