package auth

import (
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/golang-jwt/jwt/v4"
)

// Keys holds the public keys whose tokens are accepted, by their ID. Several are there while one
// key replaces another.
type Keys map[string]ed25519.PublicKey

// ParseKeys reads public keys in PEM form, one block each.
func ParseKeys(text []byte) (Keys, error) {
	keys := Keys{}
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("auth: public key: %w", err)
		}
		key, ok := parsed.(ed25519.PublicKey)
		if !ok {
			return nil, fmt.Errorf("auth: public key: %T is not an Ed25519 key", parsed)
		}
		id, err := keyID(key)
		if err != nil {
			return nil, err
		}
		keys[id] = key
	}
	if len(keys) == 0 {
		return nil, errors.New("auth: public keys: no PEM block; make a key with cmd/token")
	}
	return keys, nil
}

// keyID returns the header "kid" of the tokens that key checks.
func keyID(key ed25519.PublicKey) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:8]), err
}

func (k Keys) find(token *jwt.Token) (any, error) {
	id, _ := token.Header["kid"].(string)
	key, ok := k[id]
	if !ok {
		return nil, fmt.Errorf("token is signed by the unknown key %q", id)
	}
	return key, nil
}
