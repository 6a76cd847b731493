package cluster_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
)

// pki is an authority that issues certificates.
type pki struct {
	t           *testing.T
	certificate *x509.Certificate
	key         ed25519.PrivateKey
}

func newPKI(t *testing.T) *pki {
	t.Helper()
	p := &pki{t: t}
	p.certificate = &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, IsCA: true,
		BasicConstraintsValid: true, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(1000 * time.Hour)}
	var signed []byte
	signed, p.key = p.sign(p.certificate, nil)
	p.certificate, _ = x509.ParseCertificate(signed)
	return p
}

// sign gives a certificate with a key of its own, signed with by, or by itself.
func (p *pki) sign(template *x509.Certificate, by ed25519.PrivateKey) ([]byte, ed25519.PrivateKey) {
	p.t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		p.t.Fatal(err)
	}
	if by == nil {
		by = private
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, p.certificate, public, by)
	if err != nil {
		p.t.Fatal(err)
	}
	return signed, private
}

// issue makes a certificate for a member.
func (p *pki) issue(name string) *tls.Certificate {
	p.t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(2), DNSNames: []string{name}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter:    time.Now().Add(100 * time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	signed, key := p.sign(template, p.key)
	return &tls.Certificate{Certificate: [][]byte{signed}, PrivateKey: key}
}

// identity is that of the owner of a certificate, who accepts what p has issued.
func (p *pki) identity(certificate *tls.Certificate) *cluster.TLS {
	roots := x509.NewCertPool()
	roots.AddCert(p.certificate)
	return &cluster.TLS{
		Certificate: func() (*tls.Certificate, error) { return certificate, nil },
		Roots:       func() (*x509.CertPool, error) { return roots, nil },
	}
}

// member is the config of a member, with a certificate of its own.
func (p *pki) member(name string) cluster.Config {
	return cluster.Config{Name: name, TLS: p.identity(p.issue(name))}
}
