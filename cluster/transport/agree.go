package transport

import (
	"crypto/tls"
	"encoding/hex"
	"errors"
)

// Clusters and versions are settled by ALPN (RFC 7301). Each side offers the protocol of its cluster, that of its version
// and the one that all versions will know: where only the latter two are shared, both sides know why they part.
const (
	anyProtocol     = "grapevine"
	versionProtocol = "grapevine/1" // of this version
)

// protocols begins with that of this cluster.
func (t *Transport) protocols() []string {
	return []string{versionProtocol + "/" + hex.EncodeToString(t.own.tag[:]), versionProtocol, anyProtocol, nameProtocol + t.cluster}
}

// tlsConfig serves both sides of every connection, but for what prove adds.
func (t *Transport) tlsConfig() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13,
		NextProtos: t.protocols(),

		// Handshakes are many and small, and a stranger may choose the dearest curve. X25519MLKEM768 makes the start of a
		// cluster cost half as much again, see docs/security.md.
		CurvePreferences: []tls.CurveID{tls.X25519, tls.CurveP256},

		// What the certificate must be is checked in inspect and authenticate: it names a member, not a host. A member that
		// does not accept the certificate of the one that it dials shows none.
		InsecureSkipVerify: true,
		ClientAuth:         tls.RequestClientCert,

		// A resumed session would cost as much as a new one, and outlive the removal of a secret.
		SessionTicketsDisabled: true,
	}
}

var (
	errNotAccepted = errors.New("transport: the certificate of this member is not accepted")
	errNotAsked    = &RefusedError{Reason: ReasonGarbage, Detail: "it asks for no certificate: it is not a gossip port"}
)

// inspect refuses the other side for what can be seen, before any signature of its certificates is checked. crypto/tls calls
// it before the other side has shown that it has the key of its certificate.
func (t *Transport) inspect(p *proven, state tls.ConnectionState) error {
	if err := t.agreed(p, state); err != nil {
		return err
	}
	if len(state.PeerCertificates) == 0 {
		return errNotAccepted
	}
	p.chain = state.PeerCertificates
	if err := checkChain(p.chain); err != nil {
		return &RefusedError{Reason: ReasonCertificate, Detail: "its certificate is not accepted here", Cause: err}
	}
	return nil
}

// authenticate verifies what the other side showed, once it has shown that it has the key. The side that dials does so before
// it shows a certificate of its own.
func (t *Transport) authenticate(p *proven) (err error) {
	p.certified, err = t.identity.accept(p.chain)
	return err
}

// agreed says whether the protocol that both sides speak is that of this cluster; a handshake that has not come so far is
// not against it.
func (t *Transport) agreed(p *proven, state tls.ConnectionState) error {
	switch state.NegotiatedProtocol {
	case versionProtocol:
		p.readCard(state)
		return t.otherCluster(p.otherName, p.otherNamed)
	case anyProtocol:
		return &RefusedError{Reason: ReasonVersion, Detail: "it speaks another version of this protocol"}
	case "":
		if state.HandshakeComplete || len(state.PeerCertificates) > 0 {
			return &RefusedError{Reason: ReasonGarbage, Detail: "it does not speak this protocol"}
		}
	}
	return nil
}
