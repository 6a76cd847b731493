package cluster

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"
)

func TestSecretForms(t *testing.T) {
	const want = "000102030405060708090a0b0c0d0e0f"
	write := func(content string) string {
		t.Helper()
		file := filepath.Join(t.TempDir(), "secret")
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	other := NewSecret()
	for name, tt := range map[string]struct {
		config Config
		count  int
	}{
		"hexadecimal":             {Config{Secret: want}, 1},
		"hexadecimal in capitals": {Config{Secret: "000102030405060708090A0B0C0D0E0F"}, 1},
		"base64":                  {Config{Secret: "AAECAwQFBgcICQoLDA0ODw=="}, 1},
		"with white space":        {Config{Secret: " AAECAwQFBgcICQoLDA0ODw==\r\n"}, 1},
		"two":                     {Config{Secret: want + " " + other}, 2},
		"in a file":               {Config{SecretFile: write("AAECAwQFBgcICQoLDA0ODw==\n")}, 1},
		"several in a file":       {Config{SecretFile: write("# in use\n" + want + " # since spring\n\n" + other + "\n")}, 2},
		"none":                    {Config{}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			secrets, err := tt.config.readSecrets()
			if err != nil || len(secrets) != tt.count || tt.count > 0 && hex.EncodeToString(secrets[0]) != want {
				t.Errorf("%d secrets, %v", len(secrets), err)
			}
		})
	}
}
