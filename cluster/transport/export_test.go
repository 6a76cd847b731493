package transport

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"time"
)

// These let tests do what peers can, and nobody's code does.

// OpenLink opens one more link to an address.
func (t *Transport) OpenLink(address string) (*link, error) {
	p, err := t.dial(context.Background(), address, "", time.Second, forLink)
	if err != nil {
		return nil, err
	}
	return newLink(p), nil
}

// Say writes a message to the link.
func (l *link) Say(kind Kind, payload []byte) error { return l.write(kind, payload) }

// Announce writes the header of a message that does not come.
func (l *link) Announce(size byte) { l.Write([]byte{0, size, 0, 0, 1}) }

// Misdate gives a keyring in use a certificate that was good for a day only, long ago.
func (k *Keyring) Misdate() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	long := time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)
	leaf := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: k.self}, NotBefore: long, NotAfter: long.AddDate(0, 0, 1)}
	parent := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: secretIssuer}}
	encoded, err := x509.CreateCertificate(rand.Reader, leaf, parent, public, k.sources[0].authority)
	k.sources[0].leaf = &tls.Certificate{Certificate: [][]byte{encoded}, PrivateKey: private}
	return err
}

// MostTurns is how many dials are under way in a process that is late.
const MostTurns = mostTurns

// DialSlots are the slots of dials to addresses that are not proven.
type DialSlots = dialSlots

const (
	MostUnproven = mostUnproven
	Itself       = itself
	Seeking      = seeking
)

func (d *dialSlots) TryTake(cause string) bool { return d.tryTake(cause) }

func (d *dialSlots) Taken() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.taken
}
