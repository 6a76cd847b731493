package cluster

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"github.com/hashicorp/memberlist"
	"github.com/rs/zerolog"
)

// Transport carries packets and streams between members. Its methods are those of memberlist's NodeAwareTransport; an
// implementation closes what it has open on Shutdown, so that nobody waits on a stream after that. A dial to a port on
// which nobody listens fails with an error that wraps syscall.ECONNREFUSED.
type Transport = memberlist.NodeAwareTransport

// Packet is a datagram that arrived, and Address where a member is, for implementers of [Transport].
type (
	Packet  = memberlist.Packet
	Address = memberlist.Address
)

const (
	largestDatagram = 64 << 10 // bytes: what UDP can carry
	udpReadBuffer   = 2 << 20  // bytes, as far as the system allows: a burst must not be lost while we are not scheduled
	portAttempts    = 10       // how often to look for a port that is free for UDP and TCP alike
	acceptPause     = 50 * time.Millisecond
	mostInbound     = 128 // connections that others opened, at a time; more wait in the system's queue
)

// sockets is the Transport of real hosts: UDP and TCP on one port.
type sockets struct {
	udp       *net.UDPConn
	tcp       *net.TCPListener
	advertise netip.AddrPort
	seldom    *seldom
	inbound   slots

	packets chan *Packet
	streams chan net.Conn

	ctx    context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup
	mu     sync.Mutex
	conns  map[*trackedConn]struct{} // nil once shut down
}

// listen binds both sockets. advertise may lack its port, which is then that of the sockets.
func listen(bind, advertise netip.AddrPort, log zerolog.Logger) (*sockets, error) {
	tcp, udp, err := bindBoth(bind)
	if err != nil {
		return nil, err
	}
	if advertise.Port() == 0 {
		port := tcp.Addr().(*net.TCPAddr).AddrPort().Port()
		advertise = netip.AddrPortFrom(advertise.Addr(), port)
	}
	_ = udp.SetReadBuffer(udpReadBuffer) // the system's own limit is good enough
	t := &sockets{udp: udp, tcp: tcp, advertise: advertise, seldom: newSeldom(log), inbound: make(slots, mostInbound),
		packets: make(chan *Packet), streams: make(chan net.Conn), conns: make(map[*trackedConn]struct{})}
	t.ctx, t.cancel = context.WithCancel(context.Background())
	t.work.Go(t.readPackets)
	t.work.Go(t.acceptStreams)
	return t, nil
}

// bindBoth binds TCP and UDP to one port. A port that the system chose for TCP may be taken for UDP: then it tries again.
func bindBoth(bind netip.AddrPort) (tcp *net.TCPListener, udp *net.UDPConn, err error) {
	family := ""
	if bind.Addr().Is4() {
		family = "4"
	}
	for range portAttempts {
		if tcp, err = net.ListenTCP("tcp"+family, net.TCPAddrFromAddrPort(bind)); err != nil {
			return nil, nil, err
		}
		port := tcp.Addr().(*net.TCPAddr).AddrPort().Port()
		udp, err = net.ListenUDP("udp"+family, net.UDPAddrFromAddrPort(netip.AddrPortFrom(bind.Addr(), port)))
		if err == nil {
			return tcp, udp, nil
		}
		tcp.Close()
		if bind.Port() != 0 || !errors.Is(err, syscall.EADDRINUSE) {
			break
		}
	}
	return nil, nil, err
}

func (t *sockets) readPackets() {
	buf := make([]byte, largestDatagram)
	for t.ctx.Err() == nil {
		n, from, err := t.udp.ReadFromUDPAddrPort(buf)
		if err != nil {
			t.pause(err, "cannot read a datagram")
			continue
		}
		if n == 0 {
			continue
		}
		from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
		packet := &Packet{Buf: append([]byte(nil), buf[:n]...), From: net.UDPAddrFromAddrPort(from), Timestamp: time.Now()}
		select {
		case t.packets <- packet:
		case <-t.ctx.Done():
		}
	}
}

func (t *sockets) acceptStreams() {
	for t.inbound.take(t.ctx) {
		conn, err := t.tcp.Accept()
		if err != nil {
			t.inbound.free()
			t.pause(err, "cannot accept a connection")
			continue
		}
		tracked, err := t.track(conn)
		if err != nil {
			return
		}
		select {
		case t.streams <- &inboundConn{tracked, sync.OnceFunc(t.inbound.free)}:
		case <-t.ctx.Done():
		}
	}
}

// pause keeps an error that lasts, such as a lack of file descriptors, from becoming a busy loop.
func (t *sockets) pause(err error, what string) {
	if t.ctx.Err() != nil {
		return
	}
	t.seldom.warn(err, "cluster: "+what)
	select {
	case <-time.After(acceptPause):
	case <-t.ctx.Done():
	}
}

// trackedConn is one that Shutdown closes.
type trackedConn struct {
	net.Conn
	transport *sockets
}

func (t *sockets) track(conn net.Conn) (net.Conn, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.conns == nil {
		conn.Close()
		return nil, ErrClosed
	}
	tracked := &trackedConn{conn, t}
	t.conns[tracked] = struct{}{}
	return tracked, nil
}

func (c *trackedConn) Close() error {
	c.transport.mu.Lock()
	delete(c.transport.conns, c)
	c.transport.mu.Unlock()
	return c.Conn.Close()
}

// inboundConn gives its slot back when it is closed.
type inboundConn struct {
	net.Conn
	free func()
}

func (c *inboundConn) Close() error {
	defer c.free()
	return c.Conn.Close()
}

// Shutdown closes the sockets and every stream, and waits. It is safe to call twice.
func (t *sockets) Shutdown() error {
	t.cancel()
	t.udp.Close()
	t.tcp.Close()
	t.mu.Lock()
	conns := t.conns
	t.conns = nil
	t.mu.Unlock()
	for conn := range conns {
		conn.Conn.Close()
	}
	t.work.Wait()
	return nil
}

func (t *sockets) FinalAdvertiseAddr(string, int) (net.IP, int, error) {
	return t.advertise.Addr().AsSlice(), int(t.advertise.Port()), nil
}

func (t *sockets) PacketCh() <-chan *Packet  { return t.packets }
func (t *sockets) StreamCh() <-chan net.Conn { return t.streams }

func (t *sockets) WriteTo(b []byte, addr string) (time.Time, error) {
	return t.WriteToAddress(b, Address{Addr: addr})
}

func (t *sockets) WriteToAddress(b []byte, to Address) (time.Time, error) {
	addr, err := netip.ParseAddrPort(to.Addr)
	if err != nil {
		return time.Time{}, err
	}
	_, err = t.udp.WriteToUDPAddrPort(b, addr)
	return time.Now(), err
}

func (t *sockets) DialTimeout(addr string, timeout time.Duration) (net.Conn, error) {
	return t.DialAddressTimeout(Address{Addr: addr}, timeout)
}

// DialAddressTimeout leaves the errors of package net as they are: memberlist looks into them.
func (t *sockets) DialAddressTimeout(to Address, timeout time.Duration) (net.Conn, error) {
	dialer := net.Dialer{Timeout: timeout}
	conn, err := dialer.DialContext(t.ctx, "tcp", to.Addr)
	if err != nil {
		return nil, err
	}
	return t.track(conn)
}
