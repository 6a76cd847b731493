package auth

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v4"
)

// Issuer signs tokens.
type Issuer struct {
	private ed25519.PrivateKey
	keyID   string
}

// NewIssuer returns an Issuer with a new key.
func NewIssuer() (*Issuer, error) {
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		return nil, err
	}
	return issuer(private)
}

// ParseIssuer returns the Issuer that PrivateKey wrote.
func ParseIssuer(text []byte) (*Issuer, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("auth: private key: no PEM block; make one with cmd/token")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("auth: private key: %w", err)
	}
	private, ok := key.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("auth: private key: %T is not an Ed25519 key", key)
	}
	return issuer(private)
}

func issuer(private ed25519.PrivateKey) (*Issuer, error) {
	id, err := keyID(private.Public().(ed25519.PublicKey))
	return &Issuer{private: private, keyID: id}, err
}

// Issue returns a token for customer that is valid from now on, for lifetime.
func (i *Issuer) Issue(customer string, lifetime time.Duration, scopes ...string) (string, error) {
	now := time.Now()
	token := jwt.NewWithClaims(jwt.SigningMethodEdDSA, &Claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: shop, Audience: jwt.ClaimStrings{shop}, Subject: customer,
			IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(lifetime)),
		},
		Scope: strings.Join(scopes, " "),
	})
	token.Header["kid"] = i.keyID
	return token.SignedString(i.private)
}

// PublicKey returns the key that checks the tokens of i, in PEM form, see ParseKeys.
func (i *Issuer) PublicKey() ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(i.private.Public())
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), err
}

// PrivateKey returns the key of i in PEM form, see ParseIssuer. Only the issuer may read it.
func (i *Issuer) PrivateKey() ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(i.private)
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), err
}
