package transport

import (
	"crypto/tls"
	"crypto/x509"
)

// Identity is where a member's certificate comes from and which certificates of others it accepts: a [Keyring] or a [TLS].
type Identity interface {
	// bind makes it that of one member. It is called once, before anything else.
	bind(self string, cluster clusterTag) error

	// certificate is what this member shows, and the source that it comes from.
	certificate() (*tls.Certificate, string, error)

	// accept says by which source a peer is let in that shows these certificates, its own first.
	accept(chain []*x509.Certificate) (source string, err error)

	// allow says whether the owner of a certificate that was accepted may call itself id.
	allow(leaf *x509.Certificate, id string) error

	// current says whether what a session rests on is still accepted, and whether this member would show something else now.
	current(s *session) (good, stale bool)
}
