package cluster

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"strings"

	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/membership"
)

// NewSecret makes a secret of 32 random bytes, in base64.
func NewSecret() string {
	secret := make([]byte, 32)
	rand.Read(secret) // never fails
	return base64.StdEncoding.EncodeToString(secret)
}

// readSecrets gives the secrets that are accepted, the one that is used first; none where the config has none.
func (c Config) readSecrets() ([][]byte, error) {
	if c.SecretFile == "" {
		return parseSecrets(c.Secret, "secret")
	}
	content, err := os.ReadFile(c.SecretFile)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", &membership.FieldError{Field: "secret file", Value: c.SecretFile,
			Remedy: "name a file that this process can read"}, err)
	}
	field := "secret in file " + c.SecretFile
	secrets, err := parseSecrets(string(content), field)
	if err == nil && len(secrets) == 0 {
		return nil, badSecret(field)
	}
	return secrets, err
}

// parseSecrets decodes secrets that are separated by white space; what follows a # is a comment.
func parseSecrets(text, field string) (secrets [][]byte, err error) {
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		for encoded := range strings.FieldsSeq(line) {
			secret, err := parseSecret(encoded, field)
			if err != nil {
				return nil, err
			}
			secrets = append(secrets, secret)
		}
	}
	if len(secrets) == 0 && text != "" {
		return nil, badSecret(field)
	}
	return secrets, nil
}

func parseSecret(encoded, field string) ([]byte, error) {
	secret := decodeSecret(encoded)
	if len(secret) < transport.LeastSecret {
		return nil, badSecret(field)
	}
	return secret, nil
}

func badSecret(field string) error {
	return &membership.FieldError{Field: field, Value: "(not shown)", Remedy: fmt.Sprintf(
		"use at least %d random bytes in base64 or hexadecimal, as from: openssl rand -base64 32", transport.LeastSecret)}
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
	if len(distinct) < transport.LeastSecret/2 { // 16 random bytes have fewer than 8 distinct ones less than once in 10^11
		return nil
	}
	return secret
}
