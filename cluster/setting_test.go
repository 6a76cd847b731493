package cluster_test

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"flag"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/membership"
)

// TestErrorsNameTheFlag goes through all fields of Config that can be wrong: each error names the
// field, and the flag and the variable if there are any.
func TestErrorsNameTheFlag(t *testing.T) {
	loopback, port := occupied(t)
	secret := cluster.NewSecret()
	folder := t.TempDir()
	missing := filepath.Join(folder, "missing")
	certificates := func(config cluster.Config) cluster.Config {
		config.CertFile, config.KeyFile, config.CAFile = missing, missing, missing
		return config
	}
	for name, tt := range map[string]struct {
		config cluster.Config
		fields string // of Config, those without a flag after a +
	}{
		"Name":          {cluster.Config{Name: "A"}, "Name"},
		"Cluster":       {cluster.Config{Cluster: "A"}, "Cluster"},
		"no Cluster":    {cluster.Config{Bind: "0.0.0.0:" + port, Secret: secret}, "Cluster"},
		"Bind":          {cluster.Config{Bind: ":7946"}, "Bind"},
		"Bind, exposed": {cluster.Config{Bind: "0.0.0.0:" + port, Cluster: "c"}, "Bind SecretFile CertFile Insecure"},
		"Bind, in use":  {cluster.Config{}, "Bind"},
		"Advertise":     {cluster.Config{Advertise: "0.0.0.0"}, "Advertise"},
		"Join":          {cluster.Config{Join: []string{"a"}}, "Join"},
		"Seeds":         {cluster.Config{Seeds: []cluster.SeedProvider{nil}}, "+Seeds"},
		"Secret":        {cluster.Config{Secret: "x"}, "Secret"},
		"both secrets":  {cluster.Config{Secret: secret, SecretFile: missing}, "Secret SecretFile"},
		"SecretFile":    {cluster.Config{SecretFile: missing}, "SecretFile"},
		"CertFile":      {cluster.Config{CertFile: missing}, "CertFile KeyFile CAFile"},
		"missing files": {certificates(cluster.Config{}), "CertFile KeyFile"},
		"files and TLS": {certificates(cluster.Config{TLS: &cluster.TLS{}}), "CertFile KeyFile CAFile +TLS"},
		"files, secret": {certificates(cluster.Config{Secret: secret}), "Secret SecretFile CertFile KeyFile CAFile"},
		"TLS, secret":   {cluster.Config{Secret: secret, TLS: &cluster.TLS{}}, "Secret SecretFile +TLS"},
		"Zone":          {cluster.Config{Zone: "A"}, "Zone"},
		"Metadata":      {cluster.Config{Metadata: map[string]string{"k": "\a"}}, "+Metadata"},
		"much Metadata": {cluster.Config{Metadata: map[string]string{"k": strings.Repeat("x", membership.MaxRecord)}}, "+Metadata"},
		"Neighbours":    {cluster.Config{Neighbours: 17}, "+Neighbours"},
		"WireVersion":   {cluster.Config{WireVersion: 99}, "WireVersion"},
		"Linger":        {cluster.Config{Linger: -time.Second}, "Linger"},
	} {
		t.Run(name, func(t *testing.T) {
			if tt.config.Bind == "" {
				tt.config.Bind = loopback
			}
			err := startError(t, tt.config)
			var field *membership.FieldError
			if !errors.As(err, &field) || strings.Contains(err.Error(), "\n") {
				t.Fatalf("Start = %v, want a FieldError on one line", err)
			}
			for want := range strings.FieldsSeq(tt.fields) {
				want, flagless := strings.CutPrefix(want, "+")
				if !strings.Contains(err.Error(), "Config."+want) {
					t.Errorf("Start = %v, want it to name Config.%s", err, want)
				}
				if !flagless && !strings.Contains(err.Error(), placesOf(want)) {
					t.Errorf("Start = %v, want it to name %s", err, placesOf(want))
				}
			}
		})
	}
}

// placesOf spells out where a field is set: "Config.CAFile, -gossip.ca-file, $GOSSIP_CA_FILE".
func placesOf(field string) string {
	words := strings.NewReplacer("CAFile", "ca-file", "File", "-file", "Version", "-version", "Loopback", "-loopback", "Services", "-services")
	name := strings.ToLower(words.Replace(field))
	return "Config." + field + ", -gossip." + name + ", $GOSSIP_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// TestFlagsOfFields: each flag is that of a field or adds a provider of seeds, and each field has one or needs none.
func TestFlagsOfFields(t *testing.T) {
	fs := flag.NewFlagSet("test", flag.ContinueOnError)
	cluster.Flags(fs)
	known := map[string]bool{"gossip.join-srv": true, "gossip.join-file": true}
	flagless := map[string]bool{"Seeds": true, "TLS": true, "Metadata": true, "Neighbours": true, "Logger": true, "Transport": true}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[cluster.Config]()) {
		if !field.IsExported() || flagless[field.Name] {
			continue
		}
		_, name, _ := strings.Cut(placesOf(field.Name), "-")
		name, _, _ = strings.Cut(name, ",")
		if fs.Lookup(name) == nil {
			t.Errorf("Config.%s has no flag -%s", field.Name, name)
		}
		known[name] = true
	}
	fs.VisitAll(func(f *flag.Flag) {
		if !known[f.Name] {
			t.Errorf("-%s sets no field", f.Name)
		}
	})
}

func TestPortInUse(t *testing.T) {
	udp, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	tcp, _ := occupied(t)
	for name, bind := range map[string]string{"TCP": tcp, "UDP": udp.LocalAddr().String()} {
		t.Run(name, func(t *testing.T) {
			err := startError(t, cluster.Config{Bind: bind})
			wantFieldError(t, err, "bind address", bind)
			if !errors.Is(err, syscall.EADDRINUSE) {
				t.Errorf("Start = %v, want the system's error in it", err)
			}
			for _, want := range []string{placesOf("Bind"), "port is in use", "port 0"} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("Start = %v, want it to say %s", err, want)
				}
			}
		})
	}
}

func TestBindElsewhere(t *testing.T) {
	const bind = "203.0.113.77:7946" // of no host (RFC 5737)
	err := startError(t, cluster.Config{Bind: bind, Cluster: "c", Insecure: true})
	wantFieldError(t, err, "bind address", bind)
	if !errors.Is(err, syscall.EADDRNOTAVAIL) || !strings.Contains(err.Error(), "this host does not have the IP") {
		t.Errorf("Start = %v, want it to say that the IP is another host's", err)
	}
}

// certificateFiles writes those of a member of an authority.
func certificateFiles(t *testing.T, authority *pki, name string) cluster.Config {
	t.Helper()
	folder := t.TempDir()
	write := func(file, kind string, content []byte) string {
		path := filepath.Join(folder, file)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	issued := authority.issue(name)
	key, err := x509.MarshalPKCS8PrivateKey(issued.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	return cluster.Config{Name: name, CertFile: write("cert.pem", "CERTIFICATE", issued.Certificate[0]),
		KeyFile: write("key.pem", "PRIVATE KEY", key), CAFile: write("ca.pem", "CERTIFICATE", authority.certificate.Raw)}
}

func TestCertificateFilesRefused(t *testing.T) {
	folder := t.TempDir()
	empty, missing := filepath.Join(folder, "empty"), filepath.Join(folder, "missing")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	member := certificateFiles(t, newPKI(t), "a")
	for name, tt := range map[string]struct {
		edit         func(*cluster.Config)
		field, value string
	}{
		"missing certificate": {func(c *cluster.Config) { c.CertFile = missing }, "certificate files", missing + ", " + member.KeyFile},
		"empty key":           {func(c *cluster.Config) { c.KeyFile = empty }, "certificate files", member.CertFile + ", " + empty},
		"authorities as key":  {func(c *cluster.Config) { c.KeyFile = member.CAFile }, "certificate files", member.CertFile + ", " + member.CAFile},
		"a folder":            {func(c *cluster.Config) { c.CertFile = folder }, "certificate files", folder + ", " + member.KeyFile},
		"missing authorities": {func(c *cluster.Config) { c.CAFile = missing }, "file of authorities", missing},
		"another's name":      {func(c *cluster.Config) { c.Name = "b" }, "member name", "b"},
		"no name":             {func(c *cluster.Config) { c.Name = "" }, "member name", ""},
		"empty authorities":   {func(c *cluster.Config) { c.CAFile = empty }, "file of authorities", empty},
	} {
		t.Run(name, func(t *testing.T) {
			config := member
			tt.edit(&config)
			err := startError(t, config)
			if tt.value == "" { // as of a name that is chosen
				var field *membership.FieldError
				if errors.As(err, &field) {
					tt.value = field.Value
				}
			}
			wantFieldError(t, err, tt.field, tt.value)
		})
	}
	start(t, member)
}
