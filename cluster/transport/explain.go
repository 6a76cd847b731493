package transport

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
)

// explain names the reasons of crypto/tls and of time-outs. opening is what the other side said first. What the network
// reports stays as it is.
func (t *Transport) explain(err error, dialled bool, opening []byte) error {
	var refused *RefusedError
	var record tls.RecordHeaderError
	var network *net.OpError
	named := errors.As(err, &refused) && refused.Reason != ReasonGarbage
	if !dialled && bytes.HasPrefix(opening, []byte(sniffRequest[:len("GET /grapev")])) {
		return io.EOF // a member that took this one for an HTTP server, as it was slow
	}
	if other := foreign(opening); other != "" && !named {
		return &RefusedError{Reason: ReasonGarbage, Detail: other}
	}
	switch {
	case refused != nil, errors.Is(err, errOwnCertificate):
		return err
	case errors.Is(err, errNotAccepted):
		return t.notAccepted(err)
	case errors.As(err, &record):
		return &RefusedError{Reason: ReasonPlain, Detail: "it does not seal its traffic, this member does", Cause: err}
	case errors.Is(err, os.ErrDeadlineExceeded) && dialled: // the way may be slow, and the time that there was short
		return err
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &RefusedError{Reason: ReasonGarbage, Detail: "it did not say in time who it is", Cause: err}
	case errors.As(err, &network) && network.Op == "remote error" && strings.Contains(network.Err.Error(), "certificate"): // an alert of TLS
		return t.notAccepted(err)
	case dialled && len(opening) == 0 && (errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET)):
		return fmt.Errorf("it closed the connection without a word: a process that is ending, or not a gossip port: %w", err)
	case network != nil && network.Op != "remote error", errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed), errors.Is(err, io.ErrClosedPipe):
		return err
	}
	if len(opening) > 0 && (opening[0] == tlsHandshake || opening[0] == tlsAlert) {
		return &RefusedError{Reason: ReasonGarbage, Detail: "it speaks TLS, and not this protocol: it is not a gossip port", Cause: err}
	}
	return &RefusedError{Reason: ReasonGarbage, Detail: "it does not speak this protocol", Cause: err}
}

// notAccepted is the refusal that the other side announced.
func (t *Transport) notAccepted(err error) error {
	if _, shared := t.identity.(*Keyring); shared {
		return &RefusedError{Reason: ReasonSecret, Detail: "it does not accept the secret that this member uses", Cause: err}
	}
	return &RefusedError{Reason: ReasonCertificate, Detail: "it does not accept this member's certificate", Cause: err}
}

// foreign names the protocol that begins with opening, "" for none that is known.
func foreign(opening []byte) string {
	for start, text := range foreigners {
		if bytes.HasPrefix(opening, []byte(start)) {
			return text
		}
	}
	if len(opening) > 4 && string(opening[:2]) == "\x00\x00" && opening[3] == http2Settings {
		return answersHTTP
	}
	if len(opening) > 0 && strings.IndexByte(memberlistTypes, opening[0]) >= 0 {
		return "it speaks plain memberlist, and not this protocol"
	}
	return ""
}

const (
	http2Settings = 4 // the type of an HTTP/2 server's first frame (RFC 9113, section 3.4), as of a gRPC server

	answersHTTP = "it answers in HTTP: it is not a gossip port"
	asksHTTP    = "it asks in HTTP: this is a gossip port"
)

var foreigners = map[string]string{
	"HTTP/":    answersHTTP,
	"<!":       answersHTTP, // a page of HTTP/0.9, which has no line of status, as the answer to what is no request
	"<html":    answersHTTP,
	"PRI * HT": asksHTTP,
	"GET ":     asksHTTP,
	"HEAD ":    asksHTTP,
	"POST ":    asksHTTP,
	"PUT ":     asksHTTP,
	"DELETE ":  asksHTTP,
	"OPTIONS ": asksHTTP,
	"CONNECT ": asksHTTP,
	"SSH-":     "it speaks SSH: it is not a gossip port",
}

// memberlistTypes are the first bytes of memberlist's streams: a ping, a message of the user, an exchange of state,
// compression, encryption, an error, a label.
const memberlistTypes = "\x00\x08\x06\x09\x0a\x0d\xf4"

// openingBytes are enough to tell the protocol of a stranger; a hello is read in parts, so there may be only 11.
const openingBytes = 16
