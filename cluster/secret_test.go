package cluster

import (
	"bytes"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"
)

func mustKey(t *testing.T, c Config) []byte {
	t.Helper()
	key, err := c.key()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestKey(t *testing.T) {
	secret := NewSecret()
	key := mustKey(t, Config{Secret: secret, Cluster: "a"})
	if len(key) != keySize {
		t.Errorf("the key has %d bytes, want %d", len(key), keySize)
	}
	if again := mustKey(t, Config{Secret: secret, Cluster: "a"}); !bytes.Equal(again, key) {
		t.Error("another member of the cluster has another key")
	}
	if other := mustKey(t, Config{Secret: secret, Cluster: "b"}); bytes.Equal(other, key) {
		t.Error("another cluster with the same secret has the same key")
	}
	if other := mustKey(t, Config{Secret: NewSecret(), Cluster: "a"}); bytes.Equal(other, key) {
		t.Error("another secret gives the same key")
	}
	if none := mustKey(t, Config{Cluster: "a"}); none != nil {
		t.Error("no secret gives a key")
	}
}

// goldenKey was computed by other means: HKDF-SHA256 without salt in Python.
const goldenKey = "8f9d476c0510b484484d4d01f00067b0ce08fe278b4298ea99a3b06d83098ee7"

// TestKeyIsAsEver holds the derivation: members of different releases must have one key.
func TestKeyIsAsEver(t *testing.T) {
	key := mustKey(t, Config{Secret: "000102030405060708090a0b0c0d0e0f", Cluster: "golden"})
	if got := hex.EncodeToString(key); got != goldenKey {
		t.Errorf("key = %s, want %s", got, goldenKey)
	}
}

func TestSecretForms(t *testing.T) {
	want := mustKey(t, Config{Secret: "000102030405060708090a0b0c0d0e0f"})
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("AAECAwQFBgcICQoLDA0ODw==\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, config := range map[string]Config{
		"hexadecimal in capitals": {Secret: "000102030405060708090A0B0C0D0E0F"},
		"base64":                  {Secret: "AAECAwQFBgcICQoLDA0ODw=="},
		"with white space":        {Secret: " AAECAwQFBgcICQoLDA0ODw==\r\n"},
		"in a file":               {SecretFile: file},
	} {
		t.Run(name, func(t *testing.T) {
			if got := mustKey(t, config); !bytes.Equal(got, want) {
				t.Error("the key differs from that of the same bytes in another form")
			}
		})
	}
}
