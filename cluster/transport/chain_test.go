package transport

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"slices"
	"sync/atomic"
	"testing"
	"time"
)

// signed is a certificate with its key.
type signed struct {
	*x509.Certificate
	key *ecdsa.PrivateKey
}

// signAs makes a certificate for subject that says it is issued by issuer, with the key of by, nil for its own.
func signAs(t *testing.T, subject, issuer string, by *ecdsa.PrivateKey, edit func(*x509.Certificate)) signed {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial, _ := rand.Int(rand.Reader, big.NewInt(1<<62))
	template := &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: subject}, DNSNames: []string{subject},
		IsCA: true, BasicConstraintsValid: true, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	if edit != nil {
		edit(template)
	}
	if by == nil {
		by = key
	}
	parent := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: issuer}}
	raw, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, by)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	return signed{certificate, key}
}

// descend issues certificates below an authority, each by the one before. The last comes first.
func descend(t *testing.T, root signed, names ...string) (chain []*x509.Certificate, leaf *ecdsa.PrivateKey) {
	t.Helper()
	above := root
	for _, name := range names {
		above = signAs(t, name, above.Subject.CommonName, above.key, nil)
		chain = append([]*x509.Certificate{above.Certificate}, chain...)
	}
	return chain, above.key
}

// accepting is an identity that accepts what root has issued, and shows chain.
func accepting(root signed, chain []*x509.Certificate, key crypto.PrivateKey) *TLS {
	roots := x509.NewCertPool()
	roots.AddCert(root.Certificate)
	shown := &tls.Certificate{PrivateKey: key}
	for _, c := range chain {
		shown.Certificate = append(shown.Certificate, c.Raw)
	}
	return &TLS{
		Certificate: func() (*tls.Certificate, error) { return shown, nil },
		Roots:       func() (*x509.CertPool, error) { return roots, nil },
	}
}

// TestFault55_Chains has chains that lead to an authority and chains that do not, in any order and with more than is needed.
func TestFault55_Chains(t *testing.T) {
	root, other := signAs(t, "root", "root", nil, nil), signAs(t, "other", "other", nil, nil)
	good, _ := descend(t, root, "i1", "i2", "i3", "leaf")
	crossed := signAs(t, "root", "other", other.key, nil) // another certificate of the root's name
	forged, _ := descend(t, signAs(t, "root", "root", nil, nil), "i1", "i2", "i3", "leaf")
	below, _ := descend(t, signed{good[1], other.key}, "leaf") // it says that i3 has issued it
	rolled := signAs(t, "i1", "root", root.key, nil)           // i1 with a key that issued nothing
	for name, tt := range map[string]struct {
		chain []*x509.Certificate
		good  bool
	}{
		"the leaf alone":                    {good[3:], true},
		"a chain":                           {good, true},
		"with the root":                     {append(slices.Clone(good), root.Certificate), true},
		"with another certificate of it":    {append(slices.Clone(good), crossed.Certificate), true},
		"in another order":                  {[]*x509.Certificate{good[0], good[2], good[3], good[1]}, true},
		"with a certificate of no use":      {[]*x509.Certificate{good[0], other.Certificate, good[1], good[2], good[3]}, true},
		"with two of one name":              {[]*x509.Certificate{good[0], good[1], good[2], good[3], rolled.Certificate}, true},
		"a certificate is missing":          {[]*x509.Certificate{good[0], good[1], good[3]}, false},
		"forged from the top":               {forged, false},
		"forged below a good one":           {append(slices.Clone(below), good[1:]...), false},
		"forged, with a good one of no use": {append(slices.Clone(forged), good[3]), false},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := accepting(root, nil, nil).accept(tt.chain); (err == nil) != tt.good {
				t.Errorf("accepted: %v", err)
			}
		})
	}
	roots := x509.NewCertPool()
	roots.AddCert(root.Certificate)
	for _, chain := range [][]*x509.Certificate{forged, below} {
		if pool, _ := intermediates(pathOf(chain), roots); !pool.Equal(x509.NewCertPool()) {
			t.Error("a key that no authority stands for would check signatures")
		}
	}
}

// TestFault55_OneWayUp has a chain that crypto/x509 would climb in every order: authorities of one name, each good for all others.
func TestFault55_OneWayUp(t *testing.T) {
	key := signAs(t, "x", "x", nil, nil).key
	var chain []*x509.Certificate
	for i := range mostChain {
		chain = append(chain, signAs(t, "x", "x", key, func(c *x509.Certificate) { c.DNSNames = []string{fmt.Sprint(i)} }).Certificate)
	}
	if path := pathOf(chain); len(path) > 1 {
		t.Errorf("%d certificates of one name are one way up", len(path))
	}
}

func TestFault55_ChainBounds(t *testing.T) {
	one := signAs(t, "x", "x", nil, nil).Certificate
	rsaKey := func(bits uint, exponent int) any {
		return &rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), bits-1), E: exponent}
	}
	with := func(key any) []*x509.Certificate {
		c := *one
		c.PublicKey = key
		return []*x509.Certificate{one, &c}
	}
	for name, tt := range map[string]struct {
		chain []*x509.Certificate
		good  bool
	}{
		"five":             {slices.Repeat([]*x509.Certificate{one}, 5), true},
		"six":              {slices.Repeat([]*x509.Certificate{one}, 6), false},
		"RSA 2048":         {with(rsaKey(2048, 65537)), true},
		"RSA 4096":         {with(rsaKey(4096, 65537)), true},
		"RSA 4097":         {with(rsaKey(4097, 65537)), false},
		"RSA 8192":         {with(rsaKey(8192, 65537)), false},
		"a large exponent": {with(rsaKey(2048, 1<<31-1)), false},
		"P-521":            {with(&ecdsa.PublicKey{Curve: elliptic.P521()}), true},
		"P-224":            {with(&ecdsa.PublicKey{Curve: elliptic.P224()}), false},
		"Ed25519":          {with(ed25519.PublicKey{}), true},
		"no key":           {with(nil), false},
	} {
		t.Run(name, func(t *testing.T) {
			if err := checkChain(tt.chain); (err == nil) != tt.good {
				t.Errorf("%v", err)
			}
		})
	}
	root := signAs(t, "root", "root", nil, nil)
	chain, key := descend(t, root, "a", "b", "c", "d", "e", "leaf")
	if err := accepting(root, chain, key).bind("leaf@1", clusterTag{}); err == nil {
		t.Error("a member starts whose own chain is refused by all")
	}
}

// counted counts how often an identity is asked for its authorities.
func counted(identity *TLS) *atomic.Int64 {
	var asked atomic.Int64
	roots := identity.Roots
	identity.Roots = func() (*x509.CertPool, error) { asked.Add(1); return roots() }
	return &asked
}

// noKey signs with a key that is not that of the certificate.
type noKey struct{ *ecdsa.PrivateKey }

func (k noKey) Public() crypto.PublicKey { return k.PrivateKey.Public() }
func (k noKey) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	digest = slices.Clone(digest)
	digest[0] ^= 1
	return k.PrivateKey.Sign(random, digest, opts)
}

// facing has a member with certificates meet a stranger over a pipe, whom it dials or who dials it.
func facing(t *testing.T, identity *TLS, dialling purpose, stranger func(conn net.Conn, config *tls.Config)) error {
	t.Helper()
	member := idle(t, identity)
	near, far := net.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer far.Close()
		far.SetDeadline(time.Now().Add(10 * time.Second))
		stranger(far, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS13, NextProtos: member.protocols()})
	}()
	until := time.Now().Add(10 * time.Second)
	conn := unproven(near, member.budget.effort(strangers, hostAt(1), until))
	p, err := member.handshake(conn, dialling, until, func(error) {})
	if err == nil {
		p.Close()
	}
	<-done
	return err
}

// TestFault55_NothingIsVerifiedBeforeProof shows a member the good chain of another, without its key, from both sides.
func TestFault55_NothingIsVerifiedBeforeProof(t *testing.T) {
	root := signAs(t, "root", "root", nil, nil)
	own, key := descend(t, root, "a")
	others, othersKey := descend(t, root, "i", "b")
	shown := tls.Certificate{Certificate: [][]byte{others[0].Raw, others[1].Raw}}
	for name, tt := range map[string]struct {
		key   crypto.PrivateKey
		asked bool
	}{"control, with the key": {othersKey, true}, "without the key": {noKey{othersKey}, false}} {
		for side, dialling := range map[string]purpose{"is dialled": 0, "dials": forKeys} {
			t.Run(name+", the member "+side, func(t *testing.T) {
				identity := accepting(root, own, key)
				shown.PrivateKey = tt.key
				asked := counted(identity)
				before := int64(0)
				err := facing(t, identity, dialling, func(conn net.Conn, config *tls.Config) {
					before = asked.Load() // its own start asks once
					config.Certificates = []tls.Certificate{shown}
					config.ClientAuth = tls.RequestClientCert
					sealed := tls.Client(conn, config)
					if dialling != 0 {
						sealed = tls.Server(conn, config)
					}
					sealed.Handshake() // and nothing more
				})
				if verified := asked.Load() > before; verified != tt.asked || err == nil {
					t.Errorf("verified: %v; %v", verified, err)
				}
			})
		}
	}
}

// TestFault55_EvilSeed dials servers that no member is: none sees the member's certificate.
func TestFault55_EvilSeed(t *testing.T) {
	root := signAs(t, "root", "root", nil, nil)
	own, key := descend(t, root, "a")
	evil, evilKey := descend(t, signAs(t, "root", "root", nil, nil), "i1", "i2", "i3", "b")
	good, goodKey := descend(t, root, "b")
	long, longKey := descend(t, root, "i1", "i2", "i3", "i4", "i5", "b")
	for name, tt := range map[string]struct {
		chain []*x509.Certificate
		key   *ecdsa.PrivateKey
		asks  tls.ClientAuthType
		sees  bool
	}{
		"control, a member's certificate": {good, goodKey, tls.RequestClientCert, true},
		"of another authority":            {evil, evilKey, tls.RequestClientCert, false},
		"a chain that is too long":        {long, longKey, tls.RequestClientCert, false},
		"it asks for no certificate":      {good, goodKey, tls.NoClientCert, false},
	} {
		t.Run(name, func(t *testing.T) {
			sees := false
			err := facing(t, accepting(root, own, key), forKeys, func(conn net.Conn, config *tls.Config) {
				shown, _ := accepting(root, tt.chain, tt.key).Certificate()
				config.Certificates, config.ClientAuth = []tls.Certificate{*shown}, tt.asks
				server := tls.Server(conn, config)
				if server.Handshake() == nil {
					sees = len(server.ConnectionState().PeerCertificates) > 0
				}
			})
			var refused *RefusedError
			if sees != tt.sees || !tt.sees && !errors.As(err, &refused) || err == nil {
				t.Errorf("it sees the certificate: %v; %v", sees, err)
			}
		})
	}
}
