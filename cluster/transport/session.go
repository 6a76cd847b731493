package transport

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

const (
	keyIDSize   = 8
	counterSize = 8
	keySize     = 16 // AES-128
	tagSize     = 16 // of GCM

	// sessionLabel names the keys that a TLS connection exports for the datagrams of its pair (RFC 5705).
	sessionLabel = "EXPORTER-grapevine-datagrams"

	longestSession = 24 * time.Hour
	aeadIdle       = time.Second // a cipher takes 1,280 bytes, and 0.5 µs to be made anew: it is let go of after that long
)

var (
	errReplayed = errors.New("a datagram that was seen already, or is too old to tell")
	errForged   = errors.New("a datagram that was not sealed by the peer")
)

// session seals the datagrams of one pair of members, in both directions, with keys that one TLS connection gave them.
type session struct {
	id         keyID
	peer       string // who it is, as its certificate or its hello says
	certified  string // the source by which the peer's certificate was accepted
	certifying string // and the source of ours
	until      moment
	papers     *papers // nil where the certificate comes from a secret

	mu      sync.Mutex
	keys    [2][keySize]byte // to seal with, and to open with
	aeads   [2]cipher.AEAD   // made when needed
	used    moment           // the last time one was
	counter uint64           // of the last datagram sealed
	window  window
}

// papers are certificates of the user's, which may be accepted no more one day: the peer's, and the authorities by which they
// were accepted last.
type papers struct {
	chain []*x509.Certificate
	roots atomic.Pointer[x509.CertPool]
}

// keyID finds the session of a datagram.
type keyID [keyIDSize]byte

// newSession exports the keys of a pair from its connection: the one who dialled seals with the first.
func newSession(state *tls.ConnectionState, dialled bool) (*session, error) {
	material, err := state.ExportKeyingMaterial(sessionLabel, nil, keyIDSize+2*keySize)
	if err != nil {
		return nil, err
	}
	s := &session{until: momentOf(time.Now().Add(longestSession))}
	material = material[copy(s.id[:], material):]
	mine, theirs := 0, 1
	if !dialled {
		mine, theirs = 1, 0
	}
	copy(s.keys[mine][:], material)
	copy(s.keys[theirs][:], material[keySize:])
	return s, nil
}

const (
	toSeal = iota
	toOpen
)

// aead is called with the lock held.
func (s *session) aead(use int, now time.Time) cipher.AEAD {
	s.used = momentOf(now)
	if s.aeads[use] == nil {
		block, _ := aes.NewCipher(s.keys[use][:]) // fails on the size of a key alone
		s.aeads[use], _ = cipher.NewGCM(block)
	}
	return s.aeads[use]
}

// rest lets go of what can be made anew.
func (s *session) rest(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.used.until(now) > aeadIdle {
		s.aeads = [2]cipher.AEAD{}
	}
}

// seal gives the datagram that carries a message.
func (s *session) seal(kind Kind, payload []byte, now time.Time) []byte {
	s.mu.Lock()
	aead := s.aead(toSeal, now)
	s.counter++
	counter := s.counter
	s.mu.Unlock()

	datagram := make([]byte, sealedHeader, sealedHeader+1+len(payload)+tagSize)
	datagram[0] = sealedDatagram
	copy(datagram[1:], s.id[:])
	binary.BigEndian.PutUint64(datagram[1+keyIDSize:], counter)
	plain := append(append(datagram[sealedHeader:], byte(kind)), payload...)
	nonce := nonceOf(counter)
	return aead.Seal(datagram, nonce[:], plain, datagram[:sealedHeader])
}

// open gives what a datagram of this session carries, once and only to who has its key. It overwrites the datagram.
func (s *session) open(datagram []byte, now time.Time) (kind Kind, payload []byte, err error) {
	counter := binary.BigEndian.Uint64(datagram[1+keyIDSize:])
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.window.fresh(counter) {
		return 0, nil, errReplayed
	}
	nonce := nonceOf(counter)
	sealed := datagram[sealedHeader:]
	plain, err := s.aead(toOpen, now).Open(sealed[:0], nonce[:], sealed, datagram[:sealedHeader])
	if err != nil || len(plain) == 0 {
		return 0, nil, errForged
	}
	s.window.add(counter)
	return Kind(plain[0]), plain[1:], nil
}

// nonceOf is unique under a key, as a counter never repeats.
func nonceOf(counter uint64) (nonce [12]byte) {
	binary.BigEndian.PutUint64(nonce[4:], counter)
	return nonce
}
