package transport_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/testcluster"
)

// authority issues certificates, as somebody's PKI does.
type authority struct {
	t           *testing.T
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, IsCA: true,
		BasicConstraintsValid: true, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(1000 * time.Hour)}
	var der []byte
	der, a.key = a.sign(template, nil)
	a.certificate, _ = x509.ParseCertificate(der)
	return a
}

// sign gives a certificate with a key of its own, signed by itself where there is no parent.
func (a *authority) sign(template *x509.Certificate, parent *authority) ([]byte, *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	by, signer := template, key
	if parent != nil {
		by, signer = parent.certificate, parent.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by, &key.PublicKey, signer)
	if err != nil {
		a.t.Fatal(err)
	}
	return der, key
}

// issue makes a certificate for a name, changed by edit.
func (a *authority) issue(name string, edit func(*x509.Certificate)) *tls.Certificate {
	template := &x509.Certificate{SerialNumber: big.NewInt(2), DNSNames: []string{name}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(100 * time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	if edit != nil {
		edit(template)
	}
	der, key := a.sign(template, a)
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.certificate)
	return pool
}

// certified gives a config whose identity is that certificate, and which accepts what a has issued.
func (a *authority) certified(self string, certificate *tls.Certificate) transport.Config {
	pool := a.pool()
	return transport.Config{Self: self, Cluster: "test", Identity: &transport.TLS{
		Certificate: func() (*tls.Certificate, error) { return certificate, nil },
		Roots:       func() (*x509.CertPool, error) { return pool, nil },
		Allow:       func(*x509.Certificate, string) error { return nil },
	}}
}

// strict gives a config that holds names against certificates.
func strict(config transport.Config) transport.Config {
	config.Identity.(*transport.TLS).Allow = nil
	return config
}

func TestCertificates(t *testing.T) {
	town(t, func(t *testing.T, n *testcluster.Network) {
		pki := newAuthority(t)
		a := open(t, n, strict(pki.certified("a@1", pki.issue("a", nil))))
		b := open(t, n, strict(pki.certified("b@1", pki.issue("b", nil))))
		send(t, a, at(b, "b@1"), "hello")
		time.Sleep(time.Second)
		if got := b.messages(); !slices.Equal(got, []string{"hello"}) || b.who[0] != "a@1" {
			t.Errorf("b got %q from %q", got, b.who)
		}
	})
}

// TestCertificateRefused has peers come whose certificates are not good, or not for the name that they say.
func TestCertificateRefused(t *testing.T) {
	keyring, _ := transport.NewKeyring(secret)
	over := func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }
	early := func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Hour) }
	server := func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }
	code := func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning} }
	for name, tt := range map[string]struct {
		peer   func(pki, other *authority) transport.Config
		reason transport.Reason
	}{
		"of another authority": {func(_, o *authority) transport.Config { return o.certified("a@1", o.issue("a", nil)) }, transport.ReasonCertificate},
		"that is over":         {func(p, _ *authority) transport.Config { return p.certified("a@1", p.issue("a", over)) }, transport.ReasonCertificate},
		"that is not good yet": {func(p, _ *authority) transport.Config { return p.certified("a@1", p.issue("a", early)) }, transport.ReasonCertificate},
		"for servers alone":    {func(p, _ *authority) transport.Config { return p.certified("a@1", p.issue("a", server)) }, transport.ReasonCertificate},
		"for code":             {func(p, _ *authority) transport.Config { return p.certified("a@1", p.issue("a", code)) }, transport.ReasonCertificate},
		"of somebody else":     {func(p, _ *authority) transport.Config { return p.certified("a@1", p.issue("mallory", nil)) }, transport.ReasonName},
		"from a secret": {func(_, _ *authority) transport.Config {
			return transport.Config{Self: "a@1", Cluster: "test", Identity: keyring}
		}, transport.ReasonCertificate},
	} {
		t.Run(name, func(t *testing.T) {
			town(t, func(t *testing.T, n *testcluster.Network) {
				pki, other := newAuthority(t), newAuthority(t)
				b := open(t, n, strict(pki.certified("b@1", pki.issue("b", nil))))
				a := open(t, n, tt.peer(pki, other))
				send(t, a, at(b), "forged")
				send(t, b, at(a), "to a stranger")
				time.Sleep(10 * time.Second)
				if len(b.messages())+len(a.messages()) > 0 {
					t.Errorf("b got %q, the stranger %q", b.messages(), a.messages())
				}
				if refused := b.Stats().Refused; refused[tt.reason] == 0 || strings.Count(b.log.String(), string(tt.reason)) == 0 {
					t.Errorf("refused: %v; the log says\n%s", refused, b.log.String())
				}
			})
		})
	}
}

func TestOwnCertificateIsForSomebodyElse(t *testing.T) {
	pki := newAuthority(t)
	config := strict(pki.certified("a@1", pki.issue("b", nil)))
	config.Network = testcluster.NewNetwork(1, testcluster.Link{}).Host()
	if _, err := transport.New(config); err == nil || !strings.Contains(err.Error(), `"b"`) {
		t.Errorf("a member whose certificate is for another starts: %v", err)
	}
}

func TestAllowSPIFFE(t *testing.T) {
	allow := transport.AllowSPIFFE("example.org")
	for id, want := range map[string]bool{
		"spiffe://example.org/region/eu/catalog-1": true,
		"spiffe://example.org/catalog-1":           true,
		"spiffe://example.org/catalog-2":           false,
		"spiffe://example.com/catalog-1":           false,
		"https://example.org/catalog-1":            false,
		"spiffe://example.org/catalog-1/":          false,
	} {
		uri, err := url.Parse(id)
		if err != nil {
			t.Fatal(err)
		}
		if err := allow(&x509.Certificate{URIs: []*url.URL{uri}}, "catalog-1"); (err == nil) != want {
			t.Errorf("%s: %v", id, err)
		}
	}
	if allow(&x509.Certificate{DNSNames: []string{"catalog-1"}}, "catalog-1") == nil {
		t.Error("a certificate without a SPIFFE ID is allowed")
	}
}

// TestReload changes files under running members: a new certificate, then an authority that is accepted no more.
func TestReload(t *testing.T) {
	town(t, func(t *testing.T, n *testcluster.Network) {
		first, second := newAuthority(t), newAuthority(t)
		dir := t.TempDir()
		write := func(name, kind string, contents ...[]byte) string {
			t.Helper()
			var encoded []byte
			for _, content := range contents {
				encoded = append(encoded, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content})...)
			}
			path := filepath.Join(dir, name)
			if err := os.WriteFile(path, encoded, 0o600); err != nil {
				t.Fatal(err)
			}
			return path
		}
		identity := func(name string, by *authority) (certificate, key string) {
			issued := by.issue(name, nil)
			encoded, err := x509.MarshalPKCS8PrivateKey(issued.PrivateKey)
			if err != nil {
				t.Fatal(err)
			}
			return write(name+".pem", "CERTIFICATE", issued.Certificate...), write(name+".key", "PRIVATE KEY", encoded)
		}
		authorities := write("ca.pem", "CERTIFICATE", first.certificate.Raw)
		var ends []*end
		for _, name := range []string{"a", "b"} {
			certificate, key := identity(name, first)
			ends = append(ends, open(t, n, transport.Config{Self: name + "@1", Cluster: "test",
				Identity: transport.TLSFiles(certificate, key, authorities)}))
		}
		a, b := ends[0], ends[1]
		works := func(what string, want bool) {
			t.Helper()
			before := len(b.messages())
			send(t, a, at(b, "b@1"), what)
			time.Sleep(time.Second)
			if got := len(b.messages()) > before; got != want {
				t.Errorf("%s: a reaches b = %v, want %v\n%s", what, got, want, a.log.String())
			}
		}
		works("at first", true)
		write("ca.pem", "CERTIFICATE", first.certificate.Raw, second.certificate.Raw)
		works("with another authority", true)
		identity("a", second)
		identity("b", second)
		handshakes := a.Stats().Handshakes
		time.Sleep(time.Minute)
		if a.Stats().Handshakes == handshakes {
			t.Error("no new keys although the certificates are new")
		}
		works("with new certificates", true)
		os.WriteFile(filepath.Join(dir, "a.pem"), []byte("half a certif"), 0o600)
		works("with a file that is half written", true)
		write("ca.pem", "CERTIFICATE", second.certificate.Raw)
		time.Sleep(time.Minute)
		works("without the first authority", true)
		write("ca.pem", "CERTIFICATE", first.certificate.Raw)
		time.Sleep(time.Minute)
		works("with an authority that has issued neither", false)
	})
}

func TestTLSFilesThatAreNotThere(t *testing.T) {
	identity := transport.TLSFiles("missing.pem", "missing.key", "missing-ca.pem")
	_, err := transport.New(transport.Config{Self: "a@1", Network: testcluster.NewNetwork(1, testcluster.Link{}).Host(), Identity: identity})
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("files that are not there: %v", err)
	}
}
