package transport

import (
	"context"
	"fmt"
	"time"
)

// dial connects to address and proves both sides. want is the identity that must be there, "" for any. An error of the
// network is given as it is.
func (t *Transport) dial(ctx context.Context, address, want string, timeout time.Duration, why purpose) (*proven, error) {
	return t.dialWithin(ctx, t.handshaking, address, want, timeout, why)
}

func (t *Transport) dialWithin(ctx context.Context, slots slots, address, want string, timeout time.Duration, why purpose) (*proven, error) {
	until := time.Now().Add(timeout)
	conn, err := t.network.DialAddressTimeout(Address{Addr: address}, timeout)
	if err != nil {
		return nil, err
	}
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	if !slots.take(ctx) {
		conn.Close()
		return nil, ErrClosed
	}
	p, err := t.handshake(conn, why, until)
	slots.free()
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
