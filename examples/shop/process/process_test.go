package process_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/examples/shop/auth"
	"github.com/grapevine-go/grapevine/examples/shop/catalog"
	"github.com/grapevine-go/grapevine/examples/shop/process"
)

func TestRunRefusesWhatCannotWork(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, text []byte) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	issuer, err := auth.NewIssuer()
	if err != nil {
		t.Fatal(err)
	}
	public, err := issuer.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	private, err := issuer.PrivateKey()
	if err != nil {
		t.Fatal(err)
	}
	good := write("keys.pem", public)
	for name, tt := range map[string]struct {
		args []string
		says string
	}{
		"no keys":                 {nil, "-keys"},
		"keys that are not there": {[]string{"-keys", filepath.Join(dir, "none")}, "-keys"},
		"an empty file of keys":   {[]string{"-keys", write("empty", nil)}, "no PEM block"},
		"the private key":         {[]string{"-keys", write("issuer.pem", private)}, "-keys"},
		"no limit":                {[]string{"-keys", good, "-limit", "0"}, "-limit 0"},
		"an unknown flag":         {[]string{"-key", good}, "-key"},
		"an address of others":    {[]string{"-keys", good, "-listen", "192.0.2.1:80"}, "-listen"},
	} {
		t.Run(name, func(t *testing.T) {
			err := process.Run(t.Context(), catalog.Process(catalog.New()), tt.args, new(bytes.Buffer), cluster.Signals())
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("error %v, want it to name %s", err, tt.says)
			}
		})
	}
}
