package transport

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"math/big"
	"time"
)

// source is what comes from one secret.
type source struct {
	id        string // tells secrets apart, and nothing of them
	authority ed25519.PrivateKey
	leaf      *tls.Certificate
}

func derive(secret []byte, cluster clusterTag, what string, size int) ([]byte, error) {
	return hkdf.Key(sha256.New, secret, cluster[:], "grapevine "+what, size)
}

// sourceID is the beginning of a hash of the authority's public key, which every member shows that it knows anyway.
func sourceID(authority ed25519.PrivateKey) string {
	sum := sha256.Sum256(authority.Public().(ed25519.PublicKey))
	return hex.EncodeToString(sum[:4])
}

func newSource(secret []byte, self string, cluster clusterTag) (*source, error) {
	seed, err := derive(secret, cluster, "authority", ed25519.SeedSize)
	if err != nil {
		return nil, err
	}
	authority := ed25519.NewKeyFromSeed(seed)
	leaf, err := issue(authority, self)
	return &source{sourceID(authority), authority, leaf}, err
}

// secretIssuer is whose name certificates bear that come from a secret.
const secretIssuer = "grapevine"

// issue makes a certificate for this boot, with a key that no other boot has. It is good at any time, as clocks may be
// wrong: the boot ends before the certificate could matter.
func issue(authority ed25519.PrivateKey, self string) (*tls.Certificate, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: self},
		NotBefore:    time.Unix(0, 0),
		NotAfter:     time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), // no end, RFC 5280, section 4.1.2.5
	}
	parent := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: secretIssuer}}
	encoded, err := x509.CreateCertificate(rand.Reader, leaf, parent, public, authority)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{encoded}, PrivateKey: private}, nil
}
