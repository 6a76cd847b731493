package transport

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
)

// What a stranger may show. The bounds are checked before any signature is.
const (
	mostChain       = 5    // certificates
	mostRSA         = 4096 // bits
	mostRSAExponent = 65537
)

// checkChain checks the bounds of a chain and of its keys.
func checkChain(chain []*x509.Certificate) error {
	if len(chain) > mostChain {
		return fmt.Errorf("a chain of %d certificates, use %d at most", len(chain), mostChain)
	}
	for _, certificate := range chain {
		if err := checkKey(certificate.PublicKey); err != nil {
			return err
		}
	}
	return nil
}

func checkKey(key any) error {
	switch key := key.(type) {
	case ed25519.PublicKey:
		return nil
	case *ecdsa.PublicKey:
		if slices.Contains([]elliptic.Curve{elliptic.P256(), elliptic.P384(), elliptic.P521()}, key.Curve) {
			return nil
		}
		return fmt.Errorf("an ECDSA key on the curve %s, use P-256", key.Params().Name)
	case *rsa.PublicKey:
		if key.N.BitLen() > mostRSA || key.E > mostRSAExponent {
			return fmt.Errorf("an RSA key of %d bits with the exponent %d, use up to %d bits and %d", key.N.BitLen(), key.E, mostRSA, mostRSAExponent)
		}
		return nil
	}
	return errors.New("a key of an unknown kind, use Ed25519, ECDSA or RSA")
}

// pathOf returns the certificates of a chain that lead up from the leaf, each issued by the next. A chain may be in any order,
// and hold others. No name is there twice, so there is one way up to try.
func pathOf(chain []*x509.Certificate) []*x509.Certificate {
	path := chain[:1:1]
	for {
		var next *x509.Certificate
		last := path[len(path)-1]
		for _, candidate := range chain[1:] {
			if bytes.Equal(candidate.RawSubject, last.RawIssuer) && (next == nil || !isKeyOf(next, last) && isKeyOf(candidate, last)) {
				next = candidate
			}
		}
		if next == nil || slices.ContainsFunc(path, func(c *x509.Certificate) bool { return bytes.Equal(c.RawSubject, next.RawSubject) }) {
			return path
		}
		path = append(path, next)
	}
}

// isKeyOf reports whether a certificate names the key of its issuer, and it is that of issuer.
func isKeyOf(issuer, certificate *x509.Certificate) bool {
	return len(certificate.AuthorityKeyId) > 0 && bytes.Equal(issuer.SubjectKeyId, certificate.AuthorityKeyId)
}

// intermediates returns the certificates between a leaf and an authority. Signatures are checked from the authority down, and
// the first that is wrong ends it: a key that no authority stands for is never used, so a stranger cannot choose what a check
// costs. The leaf is left to the caller.
func intermediates(path []*x509.Certificate, roots *x509.CertPool) (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	top, err := anchorOf(path, roots)
	for ; top > 0; top-- {
		if pool.AddCert(path[top]); top > 1 {
			if wrong := path[top-1].CheckSignatureFrom(path[top]); wrong != nil {
				return pool, wrong
			}
		}
	}
	return pool, err
}

// anchorOf returns the place of the certificate in a path, beside the leaf, that an authority has issued, 0 for none. What is
// wrong with others is returned beside.
func anchorOf(path []*x509.Certificate, roots *x509.CertPool) (top int, wrong error) {
	for i := 1; i < len(path); i++ {
		_, err := path[i].Verify(x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
		if err == nil {
			return i, nil
		}
		if !errors.As(err, new(x509.UnknownAuthorityError)) {
			wrong = err
		}
	}
	return 0, wrong
}
