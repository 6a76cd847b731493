package testcluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
)

// listener accepts the streams to one port of a host.
type listener struct {
	host   *Host
	port   uint16
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
	mu     sync.Mutex // held to offer a stream, and to close
}

func newListener(h *Host, port uint16) *listener {
	return &listener{host: h, port: port, conns: make(chan net.Conn, backlog), closed: make(chan struct{})}
}

// Listen opens a port for streams, as net.Listen would; port 0 means the next that is free.
func (h *Host) Listen(port uint16) (net.Listener, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for port == 0 {
		if h.listeners[h.nextPort] == nil {
			port = h.nextPort
		}
		h.nextPort++
	}
	if h.isDown || h.listeners[port] != nil {
		return nil, fmt.Errorf("testcluster: listen on %v:%d: %w", h.ip, port, syscall.EADDRINUSE)
	}
	l := newListener(h, port)
	h.listeners[port] = l
	return l, nil
}

// listenerAt gives who accepts at a port, nil for nobody.
func (h *Host) listenerAt(port uint16) *listener {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.isDown {
		return nil
	}
	return h.listeners[port]
}

var errBacklog = errors.New("testcluster: too many connections wait to be accepted")

// offer lets conn be accepted.
func (l *listener) offer(conn *stream) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.closed:
		return net.ErrClosed
	default:
	}
	select {
	case l.conns <- conn:
		return nil
	default:
		return errBacklog
	}
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.closed:
	case <-l.host.down:
	}
	return nil, net.ErrClosed
}

// Close frees the port, and resets the streams that were not accepted.
func (l *listener) Close() error {
	l.once.Do(func() {
		l.mu.Lock()
		close(l.closed)
		l.mu.Unlock()
		l.host.mu.Lock()
		delete(l.host.listeners, l.port)
		l.host.mu.Unlock()
		l.resetWaiting()
	})
	return nil
}

func (l *listener) resetWaiting() {
	for {
		select {
		case conn := <-l.conns:
			conn.(*stream).reset()
		default:
			return
		}
	}
}

func (l *listener) Addr() net.Addr {
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(l.host.ip, l.port))
}

func dialError(to netip.AddrPort, err error) error {
	if errno, ok := err.(syscall.Errno); ok {
		err = os.NewSyscallError("connect", errno)
	}
	return &net.OpError{Op: "dial", Net: "tcp", Addr: net.TCPAddrFromAddrPort(to), Err: err}
}

// timeoutError is what package net makes of a context that ends.
func timeoutError(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return os.ErrDeadlineExceeded
	}
	return ctx.Err()
}
