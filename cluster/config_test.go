package cluster_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/membership"
)

// occupied gives an address on loopback whose port cannot be bound: a Start that got as far as that fails otherwise.
func occupied(t *testing.T) (address, port string) {
	t.Helper()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	_, port, _ = net.SplitHostPort(listener.Addr().String())
	return listener.Addr().String(), port
}

func TestConfigRefused(t *testing.T) {
	loopback, port := occupied(t)
	wildcard := "0.0.0.0:" + port
	secret := cluster.NewSecret()
	for name, tt := range map[string]struct {
		config       cluster.Config
		field, value string // as the error names them
	}{
		"name with capitals":              {cluster.Config{Name: "Catalog"}, "member name", "Catalog"},
		"name with a boot":                {cluster.Config{Name: "a@b"}, "member name", "a@b"},
		"name with a line break":          {cluster.Config{Name: "a\nb"}, "member name", "a\nb"},
		"name begins with a dash":         {cluster.Config{Name: "-a"}, "member name", "-a"},
		"name too long":                   {cluster.Config{Name: strings.Repeat("a", 64)}, "member name", strings.Repeat("a", 64)},
		"zone with a space":               {cluster.Config{Zone: "a b"}, "zone", "a b"},
		"metadata that rings a bell":      {cluster.Config{Metadata: map[string]string{"k": "\a"}}, `member metadata: value of "k"`, "\a"},
		"cluster name with a slash":       {cluster.Config{Cluster: "a/b"}, "cluster name", "a/b"},
		"bind without a port":             {cluster.Config{Bind: "127.0.0.1"}, "bind address", "127.0.0.1"},
		"bind to a host name":             {cluster.Config{Bind: "localhost:7946"}, "bind address", "localhost:7946"},
		"bind without an IP":              {cluster.Config{Bind: ":7946"}, "bind address", ":7946"},
		"bind to a port too high":         {cluster.Config{Bind: "127.0.0.1:65536"}, "bind address", "127.0.0.1:65536"},
		"seed without a port":             {cluster.Config{Join: []string{"a:1", "10.0.0.7"}}, "seed", "10.0.0.7"},
		"seed with port 0":                {cluster.Config{Join: []string{"10.0.0.7:0"}}, "seed", "10.0.0.7:0"},
		"seed with a port by name":        {cluster.Config{Join: []string{"a:http"}}, "seed", "a:http"},
		"seed without a host":             {cluster.Config{Join: []string{":7946"}}, "seed", ":7946"},
		"too many neighbours":             {cluster.Config{Neighbours: 17}, "neighbours", "17"},
		"fewer neighbours than none":      {cluster.Config{Neighbours: -2}, "neighbours", "-2"},
		"wire version of a later release": {cluster.Config{WireVersion: membership.WireVersion + 1}, "wire version", "3"},
		"beyond loopback, no secret":      {cluster.Config{Bind: wildcard, Cluster: "c"}, "bind address", wildcard},
		"beyond loopback, no cluster": {cluster.Config{Bind: wildcard, Secret: secret},
			"cluster name", ""},
		"insecure beyond loopback, no cluster": {cluster.Config{Bind: wildcard, Insecure: true}, "cluster name", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if tt.config.Bind == "" {
				tt.config.Bind = loopback
			}
			field := refused(t, tt.config)
			if field.Field != tt.field || field.Value != tt.value || field.Remedy == "" {
				t.Errorf("refused %q %q with remedy %q, want %q %q and some remedy",
					field.Field, field.Value, field.Remedy, tt.field, tt.value)
			}
		})
	}
}

// refused starts a node that must not start for the sake of a field.
func refused(t *testing.T, config cluster.Config) *membership.FieldError {
	t.Helper()
	node, err := cluster.Start(t.Context(), config)
	if err == nil {
		node.Close()
	}
	var field *membership.FieldError
	if !errors.As(err, &field) {
		t.Fatalf("Start: %v, want a FieldError", err)
	}
	return field
}

func TestSecretRefused(t *testing.T) {
	loopback, _ := occupied(t)
	file := func(content string) string {
		path := filepath.Join(t.TempDir(), "secret")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	missing, empty, short := filepath.Join(t.TempDir(), "missing"), file("\n"), file("c2hvcnQ=\n")
	both := file(cluster.NewSecret())
	for name, tt := range map[string]struct {
		config       cluster.Config
		field, value string
	}{
		"a word":            {cluster.Config{Secret: "xyzzy!"}, "secret", "(not shown)"},
		"15 bytes":          {cluster.Config{Secret: "000102030405060708090a0b0c0d0e"}, "secret", "(not shown)"},
		"all bytes equal":   {cluster.Config{Secret: strings.Repeat("ab", 32)}, "secret", "(not shown)"},
		"two bytes repeat":  {cluster.Config{Secret: strings.Repeat("abcd", 16)}, "secret", "(not shown)"},
		"blank":             {cluster.Config{Secret: "  "}, "secret", "(not shown)"},
		"secret and file":   {cluster.Config{Secret: cluster.NewSecret(), SecretFile: both}, "secret file", both},
		"secret and TLS":    {cluster.Config{Secret: cluster.NewSecret(), TLS: &cluster.TLS{}}, "secret", "(not shown)"},
		"TLS and file":      {cluster.Config{SecretFile: both, TLS: &cluster.TLS{}}, "secret", "(not shown)"},
		"certificate alone": {cluster.Config{CertFile: "a.pem"}, "certificate files", "a.pem, , "},
		"files twice": {cluster.Config{CertFile: "a.pem", KeyFile: "a.key", CAFile: "ca.pem", TLS: &cluster.TLS{}},
			"certificate files", "a.pem, a.key, ca.pem"},
		"missing file":      {cluster.Config{SecretFile: missing}, "secret file", missing},
		"empty file":        {cluster.Config{SecretFile: empty}, "secret in file " + empty, "(not shown)"},
		"too short in file": {cluster.Config{SecretFile: short}, "secret in file " + short, "(not shown)"},
	} {
		t.Run(name, func(t *testing.T) {
			tt.config.Bind = loopback
			field := refused(t, tt.config)
			if field.Field != tt.field || field.Value != tt.value || field.Remedy == "" {
				t.Errorf("refused %q %q with remedy %q, want %q %q and some remedy",
					field.Field, field.Value, field.Remedy, tt.field, tt.value)
			}
			if secret := strings.TrimSpace(tt.config.Secret); secret != "" && strings.Contains(field.Error(), secret) {
				t.Errorf("the secret is in the error: %v", field)
			}
		})
	}
}

func TestMissingSecretFileIsNotExist(t *testing.T) {
	_, err := cluster.Start(t.Context(), cluster.Config{SecretFile: filepath.Join(t.TempDir(), "missing")})
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Start: %v, want an os.ErrNotExist", err)
	}
}
