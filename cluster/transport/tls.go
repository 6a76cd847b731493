package transport

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// TLS gives a member its identity from certificates of a public key infrastructure of your own. Its functions are called
// at every handshake, so that what they give may change while the member runs; see [TLSFiles].
type TLS struct {
	// Certificate gives what this member shows. It must be good for client and server authentication, and for the
	// member's name as Allow asks.
	Certificate func() (*tls.Certificate, error)

	// Roots gives the authorities whose certificates are accepted.
	Roots func() (*x509.CertPool, error)

	// Allow says whether the owner of a certificate may call itself name, which comes without a boot. The default is
	// [AllowDNSName].
	Allow func(certificate *x509.Certificate, name string) error
}

const mostShown = 4 // names of a certificate in an error

// AllowDNSName wants the member's name among the DNS names of the certificate.
func AllowDNSName(certificate *x509.Certificate, name string) error {
	if slices.Contains(certificate.DNSNames, name) {
		return nil
	}
	names := certificate.DNSNames
	if more := len(names) - mostShown; more > 0 {
		return fmt.Errorf("the certificate is for %q and %d others, not for %q", names[:mostShown], more, name)
	}
	return fmt.Errorf("the certificate is for %q, not for %q", names, name)
}

// AllowSPIFFE wants a SPIFFE ID in the certificate whose trust domain is the one given and whose path ends in the member's
// name: spiffe://example.org/region/eu/catalog-1.
func AllowSPIFFE(trustDomain string) func(certificate *x509.Certificate, name string) error {
	return func(certificate *x509.Certificate, name string) error {
		for _, uri := range certificate.URIs {
			if uri.Scheme == "spiffe" && uri.Host == trustDomain && uri.Path[strings.LastIndexByte(uri.Path, '/')+1:] == name {
				return nil
			}
		}
		return fmt.Errorf("the certificate has no SPIFFE ID of %s that ends in %q", trustDomain, name)
	}
}

var errOwnCertificate = errors.New("transport: this member's certificate")

const tlsSource = "certificates" // the one source that there is

func (c *TLS) bind(self string, _ clusterTag) error {
	if c.Certificate == nil || c.Roots == nil {
		return errors.New("transport: TLS needs Certificate and Roots")
	}
	own, _, err := c.certificate()
	if err != nil {
		return err
	}
	var chain []*x509.Certificate
	for _, encoded := range own.Certificate {
		certificate, err := x509.ParseCertificate(encoded)
		if err != nil {
			return fmt.Errorf("%w: %w", errOwnCertificate, err)
		}
		chain = append(chain, certificate)
	}
	if err := checkChain(chain); err != nil {
		return fmt.Errorf("%w would be refused: %w", errOwnCertificate, err)
	}
	if err := c.allowName(chain[0], nameOf(self)); err != nil {
		return fmt.Errorf("transport: this member would be refused: %w", err)
	}
	_, err = c.roots()
	return err
}

// roots refuses none: to crypto/x509 they would be those of the host.
func (c *TLS) roots() (roots *x509.CertPool, err error) {
	defer contain("Roots", &err)
	roots, err = c.Roots()
	if err == nil && roots == nil {
		err = errors.New("transport: TLS.Roots gives none")
	}
	return roots, err
}

// nameOf is the part of an identity that outlives a boot.
func nameOf(id string) string {
	name, _, _ := strings.Cut(id, "@")
	return name
}

func (c *TLS) allowName(leaf *x509.Certificate, name string) (err error) {
	defer contain("Allow", &err)
	if c.Allow != nil {
		return c.Allow(leaf, name)
	}
	return AllowDNSName(leaf, name)
}

func (c *TLS) certificate() (*tls.Certificate, string, error) {
	certificate, err := c.callCertificate()
	if err == nil && (certificate == nil || len(certificate.Certificate) == 0) {
		err = errors.New("it is empty")
	}
	if err != nil {
		return nil, "", fmt.Errorf("%w: %w", errOwnCertificate, err)
	}
	sum := sha256.Sum256(certificate.Certificate[0])
	return certificate, hex.EncodeToString(sum[:4]), nil
}

func (c *TLS) callCertificate() (certificate *tls.Certificate, err error) {
	defer contain("Certificate", &err)
	return c.Certificate()
}

// contain makes an error of a panic in a function of the user's: a handshake fails, and not the process.
func contain(what string, err *error) {
	if panicked := recover(); panicked != nil {
		*err = fmt.Errorf("transport: TLS.%s panicked: %v", what, panicked)
	}
}

func (c *TLS) accept(chain []*x509.Certificate) (string, error) {
	roots, err := c.roots()
	if err != nil {
		return "", fmt.Errorf("transport: authorities: %w", err)
	}
	between, wrong := intermediates(pathOf(chain), roots)
	for _, usage := range []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth} { // either side may dial
		_, err := chain[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, KeyUsages: []x509.ExtKeyUsage{usage}})
		if err != nil && wrong != nil {
			err = wrong // the cause
		}
		if err != nil {
			return "", &RefusedError{Reason: ReasonCertificate, Detail: "its certificate is not accepted here", Cause: err}
		}
	}
	return tlsSource, nil
}

func (c *TLS) allow(leaf *x509.Certificate, id string) error {
	if err := c.allowName(leaf, nameOf(id)); err != nil {
		return &RefusedError{Reason: ReasonName, Detail: fmt.Sprintf("it says that it is %q", id), Cause: err}
	}
	return nil
}

// current looks at the chain again when the authorities have changed.
func (c *TLS) current(s *session) (good, stale bool) {
	if _, shown, err := c.certificate(); err == nil {
		stale = shown != s.certifying
	}
	roots, err := c.roots()
	if err != nil || roots == s.papers.roots.Load() {
		return true, stale
	}
	if _, err := c.accept(s.papers.chain); err != nil {
		return false, stale
	}
	s.papers.roots.Store(roots)
	return true, stale
}
