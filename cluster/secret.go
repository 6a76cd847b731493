package cluster

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"strings"

	"github.com/grapevine-go/grapevine/membership"
)

const (
	leastSecret = 16 // bytes: 128 bits
	keySize     = 32 // AES-256
)

// NewSecret makes a secret of 32 random bytes, in base64.
func NewSecret() string {
	secret := make([]byte, 32)
	rand.Read(secret) // never fails
	return base64.StdEncoding.EncodeToString(secret)
}

// key derives the key of the gossip from the secret and the name of the cluster (HKDF, RFC 5869), so that one secret
// used for two clusters does not make them one. It is nil without a secret.
func (c Config) key() ([]byte, error) {
	encoded, field := c.Secret, "secret"
	if c.SecretFile != "" {
		if c.Secret != "" {
			return nil, &membership.FieldError{Field: "secret file", Value: c.SecretFile,
				Remedy: "give a secret or a file that holds it, not both"}
		}
		content, err := os.ReadFile(c.SecretFile)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", &membership.FieldError{Field: "secret file", Value: c.SecretFile,
				Remedy: "name a file that this process can read"}, err)
		}
		encoded, field = string(content), "secret in file "+c.SecretFile
	}
	if encoded == "" && c.SecretFile == "" {
		return nil, nil
	}
	secret := decodeSecret(strings.TrimSpace(encoded))
	if len(secret) < leastSecret {
		return nil, &membership.FieldError{Field: field, Value: "(not shown)",
			Remedy: fmt.Sprintf("use at least %d random bytes in base64 or hexadecimal, as from: openssl rand -base64 32", leastSecret)}
	}
	return hkdf.Key(sha256.New, secret, nil, "grapevine gossip 1 "+c.Cluster, keySize)
}

// decodeSecret gives nil for what is neither hexadecimal nor base64, and for bytes too alike to be random.
func decodeSecret(encoded string) []byte {
	secret, err := hex.DecodeString(encoded)
	if err != nil {
		secret, err = base64.StdEncoding.DecodeString(encoded)
	}
	if err != nil {
		return nil
	}
	distinct := make(map[byte]bool)
	for _, b := range secret {
		distinct[b] = true
	}
	if len(distinct) < leastSecret/2 { // 16 random bytes have fewer than 8 distinct ones less than once in 10^11
		return nil
	}
	return secret
}
