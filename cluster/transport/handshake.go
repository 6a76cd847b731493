package transport

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"time"
)

const handshakeTimeout = 5 * time.Second

// proven is a connection whose other side has shown who it is, as far as anything does.
type proven struct {
	net.Conn
	hello hello

	// Where nothing is sealed these are empty.
	sealed     *tls.Conn
	chain      []*x509.Certificate // what the other side showed
	certified  string              // the source of the certificate that the other side showed
	certifying string              // and of ours
	session    *session
	keyed      bool // the session is one that datagrams use

	// What a member of another cluster says of its name.
	otherName  string
	otherNamed bool
}

// from is who speaks on the connection.
func (p *proven) from() From {
	from := From{Addr: addrPortOf(p.RemoteAddr()), says: p.hello.id}
	from.home, _ = netip.ParseAddrPort(p.hello.address) // it was seen to be one
	if p.session != nil {
		from.ID = p.session.peer
	}
	return from
}

// abort closes the connection without TLS's goodbye, which would wait for one who does not read.
func (p *proven) abort() {
	if p.sealed != nil {
		p.sealed.NetConn().Close()
	} else {
		p.Close()
	}
}

// handshake authenticates both sides of a new connection to each other. dialling is what this side dialled for, 0 where the
// other side did. No deadline is left. Where the handshake fails, it is counted, and then refused is called, before the other
// side hears of it and the connection is closed.
func (t *Transport) handshake(conn *unprovenConn, dialling purpose, until time.Time, refused func(error)) (*proven, error) {
	conn.SetDeadline(until)
	p, err := t.prove(conn, dialling)
	if err != nil {
		t.stats.failed.Add(1)
		err = t.explain(err, dialling != 0, conn.opening)
		refused(err)
		conn.end(false)
		conn.Close()
		return nil, err
	}
	if err := conn.end(true); err != nil {
		t.stats.failed.Add(1)
		conn.Close()
		return nil, err
	}
	p.SetDeadline(time.Time{})
	t.stats.handshakes.Add(1)
	if !t.isItself(p.hello.id) {
		t.noteHeard()
	}
	return p, nil
}

func (t *Transport) prove(conn net.Conn, dialling purpose) (p *proven, err error) {
	p = &proven{Conn: conn}
	if t.identity != nil {
		if err := t.seal(p, conn, dialling); err != nil {
			return nil, err
		}
	}
	own := t.own
	if own.purpose = dialling; dialling != 0 {
		if _, err := p.Write(own.encode()); err != nil {
			return nil, err
		}
		if err := t.hear(p, dialling); err != nil {
			return nil, t.exchangeNames(p, err)
		}
		_, err = p.Write([]byte{p.closing()})
		return p, err
	}
	// This side's hello goes out also to a side that it refuses, so that both know why, and otherwise only once the keys of
	// the pair are in place here: the other side uses them at once.
	err = t.hear(p, dialling)
	own.purpose = p.hello.purpose
	if _, wrong := p.Write(own.encode()); err == nil {
		err = wrong
	}
	return p, t.conclude(p, t.exchangeNames(p, err))
}

// seal makes the connection one of TLS.
func (t *Transport) seal(p *proven, conn net.Conn, dialling purpose) error {
	certificate, certifying, err := t.identity.certificate()
	if err != nil {
		return err
	}
	p.certifying = certifying
	config := t.tls.Clone()
	config.Certificates = []tls.Certificate{*certificate}
	config.VerifyConnection = func(state tls.ConnectionState) error { return t.inspect(p, state) }
	config.GetConfigForClient = func(client *tls.ClientHelloInfo) (*tls.Config, error) {
		return t.meet(p, config, client.SupportedProtos)
	}
	var refused error
	config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		if refused = t.authenticate(p); refused != nil {
			return new(tls.Certificate), nil // none, which tells the other side
		}
		return certificate, nil
	}
	sealed := tls.Server(conn, config)
	if dialling != 0 {
		sealed = tls.Client(conn, config)
	}
	if err := sealed.Handshake(); err != nil {
		if refused := t.agreed(p, sealed.ConnectionState()); refused != nil {
			err = refused // this comes first, also where it is the other side that broke off
		}
		if record := (tls.RecordHeaderError{}); errors.As(err, &record) {
			conn.Write(protocolVersionAlert) // crypto/tls says nothing: the other side is to know that this one seals
		}
		return err
	}
	p.Conn, p.sealed = sealed, sealed
	switch {
	case dialling == 0:
		if refused = t.authenticate(p); refused != nil {
			p.Write(notAcceptedHello) // and nothing of this member
		}
	case refused == nil && p.certified == "":
		refused = errNotAsked
	}
	return refused
}

// What whoever dialled says last: without it, the other side could not know that its hello has arrived.
const (
	closingKeyed   = 1 // this side has the keys of the pair
	closingUnkeyed = 2 // it has no use for them
)

func (p *proven) closing() byte {
	if p.keyed {
		return closingKeyed
	}
	return closingUnkeyed
}

// conclude waits for the closing word. This side sends under the keys only once the other is known to have them.
func (t *Transport) conclude(p *proven, err error) error {
	var closing [1]byte
	if err == nil {
		_, err = io.ReadFull(p, closing[:])
	}
	switch {
	case p.session == nil:
	case err == nil && closing[0] == closingKeyed:
		t.book.install(p.session, p.hello.sender(), false)
	default:
		t.book.drop(p.session)
	}
	if err == nil && closing[0] != closingKeyed && closing[0] != closingUnkeyed {
		return fmt.Errorf("%w: closing word %d", errMalformed, closing[0])
	}
	return err
}

// protocolVersionAlert is the fatal alert of TLS that there is no version that both speak (RFC 8446, section 6).
var protocolVersionAlert = []byte{tlsAlert, 3, 3, 0, 2, 2, 70}

// hear reads the other side's hello and holds it against what it has shown. What agrees becomes a session.
func (t *Transport) hear(p *proven, dialling purpose) (err error) {
	if p.hello, err = readHello(p); err != nil {
		return err
	}
	switch h := p.hello; {
	case h.version != version:
		return &RefusedError{Reason: ReasonVersion, Detail: "it speaks another version of this protocol"}
	case h.tag != t.own.tag:
		return t.otherCluster("", false)
	case h.purpose < forKeys || h.purpose > forWatch || dialling != 0 && h.purpose != dialling:
		return fmt.Errorf("%w: a connection for purpose %d", errMalformed, h.purpose)
	}
	if dialling == 0 && t.isItself(p.hello.id) {
		t.noteArrival(p)
	}
	if err := t.own.versions.check(p.hello.versions); err != nil || t.identity == nil {
		return err
	}
	if err := t.identity.allow(p.chain[0], p.hello.id); err != nil {
		return err
	}
	state := p.sealed.ConnectionState()
	s, err := newSession(&state, dialling != 0)
	if err != nil {
		return err
	}
	s.peer, s.certified, s.certifying = p.hello.id, p.certified, p.certifying
	if p.certified == tlsSource {
		s.papers = &papers{chain: p.chain}
		s.until = min(s.until, momentOf(p.chain[0].NotAfter))
	}
	p.session = s
	if dialling == 0 {
		t.book.expect(s, p.hello.sender())
	} else {
		p.keyed = t.book.install(s, p.hello.sender(), dialling == forStream)
	}
	return nil
}
