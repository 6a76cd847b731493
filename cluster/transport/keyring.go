package transport

import (
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"sync"
)

// LeastSecret is the size in bytes of the shortest secret that is taken. Whoever connects sees a certificate against which
// guesses can be checked off line, so a secret must be beyond guessing.
const LeastSecret = 16

// Keyring gives a member its identity from secrets that all members share. From each a certificate authority is derived
// (HKDF, RFC 5869), with which a member issues itself a certificate for the boot that it is: whoever knows a secret can
// be a member, under any name, and nobody else can. No clock matters.
//
// Several secrets are accepted at a time and one is in use, so that they can be changed while members run: [Keyring.Add]
// the new one everywhere, then [Keyring.Use] it everywhere, then [Keyring.Remove] the old one. All methods may be called
// at any time by any number of goroutines.
type Keyring struct {
	mu      sync.Mutex
	secrets [][]byte // until bind
	bound   bool
	self    string
	cluster clusterTag
	sources []*source // the first is in use
}

// NewKeyring makes a keyring of secrets that are accepted; the first is in use. Each is at least [LeastSecret] random bytes.
func NewKeyring(secrets ...[]byte) (*Keyring, error) {
	if len(secrets) == 0 {
		return nil, errors.New("transport: a keyring needs a secret")
	}
	for _, secret := range secrets {
		if err := checkSecret(secret); err != nil {
			return nil, err
		}
	}
	k := &Keyring{}
	for _, secret := range secrets {
		k.secrets = append(k.secrets, slices.Clone(secret)) // the caller's stays the caller's
	}
	return k, nil
}

func checkSecret(secret []byte) error {
	if len(secret) < LeastSecret {
		return fmt.Errorf("transport: a secret of %d bytes can be guessed: use at least %d random bytes", len(secret), LeastSecret)
	}
	return nil
}

func (k *Keyring) bind(self string, cluster clusterTag) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.bound {
		return errors.New("transport: a keyring serves one member")
	}
	k.bound, k.self, k.cluster = true, self, cluster
	for _, secret := range k.secrets {
		if err := k.add(secret); err != nil {
			return err
		}
	}
	k.secrets = nil
	return nil
}

// add is called with the lock held.
func (k *Keyring) add(secret []byte) error {
	added, err := newSource(secret, k.self, k.cluster)
	if err == nil && k.find(added.id) < 0 {
		k.sources = append(k.sources, added)
	}
	return err
}

// find is called with the lock held. It gives -1 for a source that is not accepted.
func (k *Keyring) find(id string) int {
	return slices.IndexFunc(k.sources, func(s *source) bool { return s.id == id })
}

// Add accepts members that use secret. One that is accepted already changes nothing.
func (k *Keyring) Add(secret []byte) error {
	if err := checkSecret(secret); err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.bound {
		k.secrets = append(k.secrets, slices.Clone(secret))
		return nil
	}
	return k.add(secret)
}

// ErrUnknownSecret is returned for a secret that was not added, ErrSecretInUse for one that cannot be removed because the
// member itself uses it.
var (
	ErrUnknownSecret = errors.New("transport: the secret was not added")
	ErrSecretInUse   = errors.New("transport: the secret is in use: use another one first")
)

// Use makes this member show certificates that come from secret, which was added before: first everywhere, as those who
// have not cannot be reached any more. The datagrams of each pair get new keys within a minute.
func (k *Keyring) Use(secret []byte) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	at, err := k.locate(secret)
	if err != nil {
		return err
	}
	used := k.sources[at]
	k.sources = slices.Insert(slices.Delete(k.sources, at, at+1), 0, used)
	return nil
}

// Remove accepts secret no more: members that use it are refused, and what they send under it is dropped. It is safe
// once no peer of any member uses it, see [Transport.SecretOf].
func (k *Keyring) Remove(secret []byte) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	at, err := k.locate(secret)
	if err != nil {
		return err
	}
	if at == 0 {
		return ErrSecretInUse
	}
	k.sources = slices.Delete(k.sources, at, at+1)
	return nil
}

// Set accepts these secrets and no others, and uses the first.
func (k *Keyring) Set(secrets [][]byte) error {
	next, err := NewKeyring(secrets...)
	if err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.bound {
		k.secrets = next.secrets
		return nil
	}
	for _, secret := range next.secrets {
		made, err := newSource(secret, k.self, k.cluster)
		if err != nil {
			return err
		}
		if next.find(made.id) >= 0 {
			continue // it is there twice
		}
		if at := k.find(made.id); at >= 0 {
			made = k.sources[at] // its certificate is shown already
		}
		next.sources = append(next.sources, made)
	}
	k.sources = next.sources
	return nil
}

// locate is called with the lock held.
func (k *Keyring) locate(secret []byte) (int, error) {
	if !k.bound {
		return 0, errors.New("transport: the keyring serves no member yet")
	}
	seed, err := derive(secret, k.cluster, "authority", ed25519.SeedSize)
	if err != nil {
		return 0, err
	}
	if at := k.find(sourceID(ed25519.NewKeyFromSeed(seed))); at >= 0 {
		return at, nil
	}
	return 0, ErrUnknownSecret
}

// IDs are those of the secrets that are accepted; that of the one in use comes first. They say nothing of the secrets.
func (k *Keyring) IDs() (ids []string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, s := range k.sources {
		ids = append(ids, s.id)
	}
	return ids
}

func (k *Keyring) certificate() (*tls.Certificate, string, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.sources[0].leaf, k.sources[0].id, nil
}

// accept checks the signature alone: whoever can sign may say anything.
func (k *Keyring) accept(chain []*x509.Certificate) (string, error) {
	k.mu.Lock()
	sources := slices.Clone(k.sources)
	k.mu.Unlock()
	for _, s := range sources {
		if ed25519.Verify(s.authority.Public().(ed25519.PublicKey), chain[0].RawTBSCertificate, chain[0].Signature) {
			return s.id, nil
		}
	}
	if chain[0].Issuer.CommonName != secretIssuer {
		return "", &RefusedError{Reason: ReasonCertificate, Detail: "its certificate does not come from a secret, as this member's does"}
	}
	return "", &RefusedError{Reason: ReasonSecret, Detail: "it uses a secret that is not accepted here"}
}

func (k *Keyring) allow(leaf *x509.Certificate, id string) error {
	if name := leaf.Subject.CommonName; name != id {
		return &RefusedError{Reason: ReasonName, Detail: fmt.Sprintf("it says that it is %q, its certificate is that of %q", id, name)}
	}
	return nil
}

func (k *Keyring) current(s *session) (good, stale bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.find(s.certified) >= 0, s.certifying != k.sources[0].id
}
