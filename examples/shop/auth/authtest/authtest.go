// Package authtest makes keys and tokens for tests.
package authtest

import (
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/examples/shop/auth"
)

// Issuer signs tokens that Keys checks.
type Issuer struct {
	t      testing.TB
	issuer *auth.Issuer
	Keys   auth.Keys
}

// New returns an Issuer with a new key.
func New(t testing.TB) Issuer {
	t.Helper()
	issuer, err := auth.NewIssuer()
	if err != nil {
		t.Fatal(err)
	}
	public, err := issuer.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	keys, err := auth.ParseKeys(public)
	if err != nil {
		t.Fatal(err)
	}
	return Issuer{t, issuer, keys}
}

// Token returns a token of ann with scopes, valid for an hour.
func (i Issuer) Token(scopes ...string) string {
	i.t.Helper()
	token, err := i.issuer.Issue("ann", time.Hour, scopes...)
	if err != nil {
		i.t.Fatal(err)
	}
	return token
}
