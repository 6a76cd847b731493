package transport

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
)

// explain gives the reasons of crypto/tls and of time-outs a name. What the network says stays as it is.
func (t *Transport) explain(err error, dialled bool) error {
	var refused *RefusedError
	var record tls.RecordHeaderError
	var network *net.OpError
	switch {
	case errors.As(err, &refused), errors.Is(err, errOwnCertificate):
		return err
	case errors.As(err, &record):
		return &RefusedError{Reason: ReasonPlain, Detail: "it does not seal its traffic, this member does", Cause: err}
	case errors.Is(err, os.ErrDeadlineExceeded) && dialled: // the way may be slow, and the time that there was short
		return err
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &RefusedError{Reason: ReasonGarbage, Detail: "it did not say in time who it is", Cause: err}
	case errors.As(err, &network) && network.Op == "remote error" && strings.Contains(network.Err.Error(), "certificate"): // an alert of TLS
		if _, shared := t.identity.(*Keyring); shared {
			return &RefusedError{Reason: ReasonSecret, Detail: "it does not accept the secret that this member uses", Cause: err}
		}
		return &RefusedError{Reason: ReasonCertificate, Detail: "it does not accept this member's certificate", Cause: err}
	case network != nil && network.Op != "remote error", errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed), errors.Is(err, io.ErrClosedPipe):
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
