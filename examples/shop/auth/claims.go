// Package auth issues and checks the signed tokens with which customers call the shop. A token is
// a JWT (RFC 7519) with an Ed25519 signature: the issuer has the private key, and the services have
// the public keys, so that a service can check a token and cannot issue one.
package auth

import (
	"errors"
	"slices"
	"strings"

	"github.com/golang-jwt/jwt/v4"
)

// The scopes of the shop, as RFC 8693 writes them in the claim "scope".
const (
	ReadCatalog = "catalog:read"
	ReadPrices  = "pricing:read"
	ReadOrders  = "orders:read"
	WriteOrders = "orders:write"
)

// Customer lists the scopes that a customer needs to order.
var Customer = []string{ReadCatalog, ReadPrices, ReadOrders, WriteOrders}

const shop = "shop" // the issuer of all tokens, and their audience

// Claims is the content of a token.
type Claims struct {
	jwt.RegisteredClaims
	Scope string `json:"scope"` // separated by spaces
}

// Valid reports why the claims cannot be accepted. Package jwt calls it.
func (c *Claims) Valid() error {
	if err := c.RegisteredClaims.Valid(); err != nil {
		return err
	}
	switch {
	case c.ExpiresAt == nil:
		return errors.New("token has no expiry")
	case !c.VerifyIssuer(shop, true):
		return errors.New("token is of another issuer")
	case !c.VerifyAudience(shop, true):
		return errors.New("token is for another audience")
	case c.Subject == "":
		return errors.New("token names no customer")
	}
	return nil
}

func (c *Claims) allows(scope string) bool {
	return slices.Contains(strings.Fields(c.Scope), scope)
}
