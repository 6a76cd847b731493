package auth

import (
	"context"
	"crypto/ed25519"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v4"

	"github.com/grapevine-go/grapevine/endpoint"
)

func newIssuer(t *testing.T) (*Issuer, Keys) {
	t.Helper()
	issuer, err := NewIssuer()
	if err != nil {
		t.Fatal(err)
	}
	text, err := issuer.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	keys, err := ParseKeys(text)
	if err != nil {
		t.Fatal(err)
	}
	return issuer, keys
}

// sign signs claims as they are, in a way that Issue would not.
func sign(t *testing.T, method jwt.SigningMethod, key any, keyID any, claims jwt.Claims) string {
	t.Helper()
	token := jwt.NewWithClaims(method, claims)
	token.Header["kid"] = keyID
	text, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func valid() *Claims {
	return &Claims{Scope: WriteOrders, RegisteredClaims: jwt.RegisteredClaims{
		Issuer: shop, Audience: jwt.ClaimStrings{shop}, Subject: "ann",
		ExpiresAt: jwt.NewNumericDate(time.Now().Add(time.Hour)),
	}}
}

func TestRequire(t *testing.T) {
	issuer, keys := newIssuer(t)
	other, _ := newIssuer(t)
	issue := func(i *Issuer, lifetime time.Duration, scopes ...string) string {
		token, err := i.Issue("ann", lifetime, scopes...)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	changed := func(change func(*Claims)) string {
		claims := valid()
		change(claims)
		return sign(t, jwt.SigningMethodEdDSA, issuer.private, issuer.keyID, claims)
	}
	good := issue(issuer, time.Hour, Customer...)
	header, rest, _ := strings.Cut(good, ".")
	claims, signature, _ := strings.Cut(rest, ".")
	forged := issue(other, time.Hour, Customer...)
	signed := func(key, keyID any) string { return sign(t, jwt.SigningMethodEdDSA, key, keyID, valid()) }
	public := []byte(issuer.private.Public().(ed25519.PublicKey))
	tomorrow := jwt.NewNumericDate(time.Now().AddDate(0, 0, 1))
	unsigned := header + "." + claims + "."
	for name, tt := range map[string]struct {
		token string
		want  error
	}{
		"valid":                    {good, nil},
		"the scope alone":          {issue(issuer, time.Hour, WriteOrders), nil},
		"none":                     {"", endpoint.ErrUnauthorized},
		"no JWT":                   {"open sesame", endpoint.ErrUnauthorized},
		"expired":                  {issue(issuer, -time.Minute, Customer...), endpoint.ErrUnauthorized},
		"another key":              {forged, endpoint.ErrUnauthorized},
		"another key under our ID": {signed(other.private, issuer.keyID), endpoint.ErrUnauthorized},
		"an ID that is no text":    {signed(issuer.private, 7), endpoint.ErrUnauthorized},
		"the signature of another": {unsigned + forged[strings.LastIndex(forged, ".")+1:], endpoint.ErrUnauthorized},
		"no signature":             {unsigned, endpoint.ErrUnauthorized},
		"claims that were changed": {header + "." + claims[1:] + "." + signature, endpoint.ErrUnauthorized},
		"alg none": {
			sign(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, issuer.keyID, valid()),
			endpoint.ErrUnauthorized,
		},
		"HMAC with the public key": {
			sign(t, jwt.SigningMethodHS256, public, issuer.keyID, valid()), endpoint.ErrUnauthorized,
		},
		"no expiry":                 {changed(func(c *Claims) { c.ExpiresAt = nil }), endpoint.ErrUnauthorized},
		"not valid yet":             {changed(func(c *Claims) { c.NotBefore = tomorrow }), endpoint.ErrUnauthorized},
		"another issuer":            {changed(func(c *Claims) { c.Issuer = "bank" }), endpoint.ErrUnauthorized},
		"another audience":          {changed(func(c *Claims) { c.Audience[0] = "bank" }), endpoint.ErrUnauthorized},
		"no customer":               {changed(func(c *Claims) { c.Subject = "" }), endpoint.ErrUnauthorized},
		"no scope":                  {issue(issuer, time.Hour), endpoint.ErrForbidden},
		"another scope":             {issue(issuer, time.Hour, ReadOrders), endpoint.ErrForbidden},
		"a scope that begins alike": {issue(issuer, time.Hour, WriteOrders+":own"), endpoint.ErrForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			customer := ""
			served := Require(keys, WriteOrders)(func(ctx context.Context, _ any) (any, error) {
				customer = Subject(ctx)
				return nil, nil
			})
			ctx := t.Context()
			if tt.token != "" {
				ctx = WithToken(ctx, tt.token)
			}
			_, err := served(ctx, nil)
			if !errors.Is(err, tt.want) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
			if (tt.want == nil) != (customer == "ann") {
				t.Errorf("served for customer %q", customer)
			}
		})
	}
}

func TestKeysRotate(t *testing.T) {
	old, _ := newIssuer(t)
	fresh, _ := newIssuer(t)
	var file []byte
	for _, issuer := range []*Issuer{old, fresh} {
		text, err := issuer.PublicKey()
		if err != nil {
			t.Fatal(err)
		}
		file = append(file, text...)
	}
	keys, err := ParseKeys(file)
	if err != nil {
		t.Fatal(err)
	}
	served := Require(keys, ReadOrders)(func(context.Context, any) (any, error) { return nil, nil })
	for _, issuer := range []*Issuer{old, fresh} {
		token, err := issuer.Issue("ann", time.Hour, ReadOrders)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := served(WithToken(t.Context(), token), nil); err != nil {
			t.Error(err)
		}
	}
}

func TestIssuerIsReadBack(t *testing.T) {
	issuer, keys := newIssuer(t)
	text, err := issuer.PrivateKey()
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParseIssuer(text)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := keys[again.keyID]; !ok {
		t.Error("the key has another ID")
	}
	for name, text := range map[string]string{
		"empty":           "",
		"of another form": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
	} {
		if _, err := ParseIssuer([]byte(text)); err == nil {
			t.Errorf("a private key that is %s was read", name)
		}
		if _, err := ParseKeys([]byte(strings.ReplaceAll(text, "PRIVATE", "PUBLIC"))); err == nil {
			t.Errorf("a public key that is %s was read", name)
		}
	}
}
