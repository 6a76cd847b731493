package transport

import (
	"context"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"
)

const (
	handshakeTimeout = 5 * time.Second
	unprovenBytes    = 64 << 10 // that a connection may send before it has proven who it is
)

// Clusters and versions are settled by ALPN (RFC 7301). Each side offers the protocol of its cluster, that of its version
// and the one that all versions will know: where only the latter two are shared, both sides know why they part.
const (
	anyProtocol     = "grapevine"
	versionProtocol = "grapevine/1" // of this version
)

func (t *Transport) protocols() []string {
	return []string{versionProtocol + "/" + hex.EncodeToString(t.own.tag[:]), versionProtocol, anyProtocol}
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

		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			certificate, _, err := t.identity.certificate()
			return certificate, err
		},
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			certificate, _, err := t.identity.certificate()
			return certificate, err
		},
	}
}

// verify refuses the other side before anything of ours is told, on both sides.
func (t *Transport) verify(p *proven, state tls.ConnectionState) (err error) {
	if err := t.agreed(state); err != nil {
		return err
	}
	p.certified, err = t.identity.accept(state.PeerCertificates)
	return err
}

// agreed says whether the protocol that both sides speak is that of this cluster; a handshake that has not come so far is
// not against it.
func (t *Transport) agreed(state tls.ConnectionState) error {
	switch state.NegotiatedProtocol {
	case versionProtocol:
		return &RefusedError{Reason: ReasonCluster, Detail: "it belongs to another cluster"}
	case anyProtocol:
		return &RefusedError{Reason: ReasonVersion, Detail: "it speaks another version of this protocol"}
	case "":
		if state.HandshakeComplete || len(state.PeerCertificates) > 0 {
			return &RefusedError{Reason: ReasonGarbage, Detail: "it does not speak this protocol"}
		}
	}
	return nil
}

// proven is a connection whose other side has shown who it is, as far as anything does.
type proven struct {
	net.Conn
	hello hello

	// Where nothing is sealed these are empty.
	sealed     *tls.Conn
	certified  string // the source of the certificate that the other side showed
	certifying string // and of ours
	session    *session
}

// from is who speaks on the connection.
func (p *proven) from() From {
	from := From{Addr: addrPortOf(p.RemoteAddr())}
	if p.session != nil {
		from.ID = p.session.peer
	}
	return from
}

// handshake proves both sides of a new connection to each other, and closes it when that fails. dialling says for what this
// side dialled; 0 that the other did. No deadline is left.
func (t *Transport) handshake(conn net.Conn, dialling purpose, until time.Time) (*proven, error) {
	bounded := &boundedConn{Conn: conn, left: unprovenBytes}
	conn.SetDeadline(until)
	p, err := t.prove(bounded, dialling)
	if err != nil {
		conn.Close()
		t.stats.failed.Add(1)
		return nil, t.explain(err)
	}
	bounded.left = -1
	p.SetDeadline(time.Time{})
	t.stats.handshakes.Add(1)
	return p, nil
}

func (t *Transport) prove(conn net.Conn, dialling purpose) (*proven, error) {
	p := &proven{Conn: conn}
	if t.identity != nil {
		_, p.certifying, _ = t.identity.certificate() // before the handshake: what changes meanwhile makes it stale
		config := t.tls.Clone()
		config.VerifyConnection = func(state tls.ConnectionState) error { return t.verify(p, state) }
		sealed := tls.Server(conn, config)
		if dialling != 0 {
			sealed = tls.Client(conn, config)
		}
		if err := sealed.Handshake(); err != nil {
			if refused := t.agreed(sealed.ConnectionState()); refused != nil {
				err = refused // this comes first, also where it is the other side that broke off
			}
			return nil, err
		}
		p.Conn, p.sealed = sealed, sealed
	}
	own := t.own
	if own.purpose = dialling; dialling != 0 {
		if _, err := p.Write(own.encode()); err != nil {
			return nil, err
		}
		return p, t.hear(p, dialling)
	}
	// This side's hello goes out also to a side that it refuses, so that both know why, and otherwise only once the keys of
	// the pair are in place here: the other side uses them at once.
	err := t.hear(p, dialling)
	own.purpose = p.hello.purpose
	if _, wrong := p.Write(own.encode()); err == nil {
		err = wrong
	}
	return p, err
}

// hear reads the other side's hello and holds it against what it has shown. What agrees becomes a session.
func (t *Transport) hear(p *proven, dialling purpose) (err error) {
	if p.hello, err = readHello(p); err != nil {
		return err
	}
	switch h := p.hello; {
	case h.version != version:
		return &RefusedError{Reason: ReasonVersion, Detail: "it speaks another version of this protocol"}
	case h.tag != t.own.tag:
		return &RefusedError{Reason: ReasonCluster, Detail: "it belongs to another cluster"}
	case h.purpose < forKeys || h.purpose > forStream || dialling != 0 && h.purpose != dialling:
		return fmt.Errorf("%w: a connection for purpose %d", errMalformed, h.purpose)
	}
	if err := t.own.versions.check(p.hello.versions); err != nil || t.identity == nil {
		return err
	}
	state := p.sealed.ConnectionState()
	if err := t.identity.allow(state.PeerCertificates[0], p.hello.id); err != nil {
		return err
	}
	s, err := newSession(&state, dialling != 0)
	if err != nil {
		return err
	}
	s.peer, s.certified, s.certifying = p.hello.id, p.certified, p.certifying
	if p.certified == tlsSource {
		s.chain = state.PeerCertificates
		if end := s.chain[0].NotAfter; end.Before(s.until) {
			s.until = end
		}
	}
	p.session = s
	t.book.install(s, p.hello.address)
	return nil
}

// explain gives the reasons of crypto/tls and of time-outs a name. What the network says stays as it is.
func (t *Transport) explain(err error) error {
	var refused *RefusedError
	var record tls.RecordHeaderError
	var network *net.OpError
	switch {
	case errors.As(err, &refused):
		return err
	case errors.As(err, &record):
		return &RefusedError{Reason: ReasonPlain, Detail: "it does not seal its traffic, this member does", Cause: err}
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &RefusedError{Reason: ReasonGarbage, Detail: "it did not say in time who it is", Cause: err}
	case errors.As(err, &network) && network.Op == "remote error": // an alert of TLS
		if _, shared := t.identity.(*Keyring); shared {
			return &RefusedError{Reason: ReasonSecret, Detail: "it does not accept the secret that this member uses", Cause: err}
		}
		return &RefusedError{Reason: ReasonCertificate, Detail: "it does not accept this member's certificate", Cause: err}
	case network != nil, errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed), errors.Is(err, io.ErrClosedPipe):
		return err
	}
	return &RefusedError{Reason: ReasonGarbage, Detail: "it does not speak this protocol", Cause: err}
}

var errUnproven = fmt.Errorf("more than %d bytes from somebody who has not said who it is", unprovenBytes)

// boundedConn reads so much and no more until left is negative.
type boundedConn struct {
	net.Conn
	left int
}

func (c *boundedConn) Read(b []byte) (int, error) {
	if c.left < 0 {
		return c.Conn.Read(b)
	}
	if c.left == 0 {
		return 0, errUnproven
	}
	n, err := c.Conn.Read(b[:min(len(b), c.left)])
	c.left -= n
	return n, err
}

// dial connects to address and proves both sides. want is the identity that must be there, "" for any. An error of the
// network is given as it is.
func (t *Transport) dial(ctx context.Context, address, want string, timeout time.Duration, why purpose) (*proven, error) {
	until := time.Now().Add(timeout)
	conn, err := t.network.DialAddressTimeout(Address{Addr: address}, timeout)
	if err != nil {
		return nil, err
	}
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	if !t.handshaking.take(ctx) {
		conn.Close()
		return nil, ErrClosed
	}
	p, err := t.handshake(conn, why, until)
	t.handshaking.free()
	if err != nil {
		t.refuse(err, address)
		return nil, err
	}
	if want != "" && p.hello.id != want {
		p.Close()
		return nil, &RefusedError{Reason: ReasonName, Detail: fmt.Sprintf("%s is %s now, not %s", address, p.hello.id, want)}
	}
	return p, nil
}

// Identify dials address and gives who is there: a [*RefusedError] says that somebody is, who is no member of this cluster,
// and an error that wraps syscall.ECONNREFUSED that nobody is.
func (t *Transport) Identify(ctx context.Context, address string, timeout time.Duration) (id string, err error) {
	p, err := t.dial(ctx, address, "", timeout, forKeys)
	if err != nil {
		return "", err
	}
	defer p.Close()
	return p.hello.id, nil
}
