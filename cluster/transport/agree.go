package transport

import (
	"crypto/tls"
	"encoding/hex"
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
		MinVersion:       tls.VersionTLS13,
		NextProtos:       t.protocols(),
		CurvePreferences: []tls.CurveID{tls.X25519, tls.CurveP256}, // handshakes are many and small

		// What the certificate must be is checked in verify: it names a member, not a host.
		InsecureSkipVerify: true,
		ClientAuth:         tls.RequireAnyClientCert,

		// A resumed session would cost as much as a new one, and outlive the removal of a secret.
		SessionTicketsDisabled: true,
	}
}

// verify refuses the other side before anything of ours is told, on both sides.
func (t *Transport) verify(p *proven, state tls.ConnectionState) (err error) {
	if err := t.agreed(p, state); err != nil {
		return err
	}
	p.certified, err = t.identity.accept(state.PeerCertificates)
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
