package transport

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/cluster/internal/lag"
	"github.com/grapevine-go/grapevine/cluster/internal/rate"
	"github.com/grapevine-go/grapevine/cluster/internal/seldom"
)

const (
	udpReadBuffer = 2 << 20 // bytes, as far as the system allows: a burst must not be lost while we are not scheduled
	portAttempts  = 10      // how often to look for a port that is free for UDP and TCP alike
	acceptPause   = 50 * time.Millisecond
	acceptTick    = time.Millisecond
	streamsAhead  = 64 // connections that are accepted before they are looked at
)

// accepts bounds what a flood of connections costs, each of them 20 µs at least: more wait in the system's queue.
var accepts = rate.Limit{AtOnce: 4096, EachSecond: 3072}

// sockets is the Network of real hosts: UDP and TCP on one port.
type sockets struct {
	udp       *net.UDPConn
	tcp       *net.TCPListener
	advertise netip.AddrPort
	seldom    *seldom.Log
	lag       lag.Meter

	packets chan *Packet
	streams chan net.Conn

	ctx    context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup
	mu     sync.Mutex
	conns  map[*trackedConn]struct{} // nil once shut down
}

// Listen binds UDP and TCP to one port; port 0 lets the system choose. Others are told that they reach it at advertise,
// which may lack its port: it is then the one that was bound.
func Listen(bind, advertise netip.AddrPort, log zerolog.Logger) (Network, error) {
	return listen(bind, advertise, log)
}

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
	t := &sockets{udp: udp, tcp: tcp, advertise: advertise, seldom: seldom.New(log),
		packets: make(chan *Packet), streams: make(chan net.Conn, streamsAhead), conns: make(map[*trackedConn]struct{})}
	t.ctx, t.cancel = context.WithCancel(context.Background())
	t.work.Go(t.readPackets)
	t.work.Go(t.acceptStreams)
	t.work.Go(func() { t.lag.Run(t.ctx) })
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
	buf := make([]byte, largestDatagram+1) // what is larger was not sent by a member
	for t.ctx.Err() == nil {
		n, from, err := t.udp.ReadFromUDPAddrPort(buf)
		if err != nil {
			t.pause(err, "cannot read a datagram")
			continue
		}
		if n == 0 || n > largestDatagram {
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
	var meter rate.Meter
	for t.ctx.Err() == nil {
		for !meter.Pass(accepts, time.Now()) {
			time.Sleep(acceptTick)
		}
		conn, err := t.tcp.Accept()
		if err != nil {
			t.pause(err, "cannot accept a connection")
			continue
		}
		tracked, err := t.track(conn)
		if err != nil {
			return
		}
		select {
		case t.streams <- tracked:
		case <-t.ctx.Done():
		}
	}
}

// pause keeps an error that lasts, such as a lack of file descriptors, from becoming a busy loop.
func (t *sockets) pause(err error, what string) {
	if t.ctx.Err() != nil {
		return
	}
	t.seldom.Warn(err, "cluster: "+what)
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

// Lag returns how late this process runs.
func (t *sockets) Lag() time.Duration { return t.lag.Lag() }

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
