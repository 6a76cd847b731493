package testcluster

import (
	"net"
	"net/netip"
	"time"
)

// stream is one end of a connection. What is written at one end waits in the other's inbound until it has crossed the
// link, and beyond a cut until that heals.
type stream struct {
	host    *Host
	peer    *stream
	local   net.Addr
	inbound *pipe
}

// newStreams connects dialler to a port of acceptor.
func newStreams(dialler, acceptor *Host, port uint16) (near, far *stream) {
	near = &stream{host: dialler, local: tcpAddr(dialler.ip, 0)}
	far = &stream{host: acceptor, local: tcpAddr(acceptor.ip, port)}
	near.peer, far.peer = far, near
	near.inbound, far.inbound = newPipe(acceptor, dialler), newPipe(dialler, acceptor)
	return near, far
}

func tcpAddr(ip netip.Addr, port uint16) net.Addr {
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(ip, port))
}

func (s *stream) Read(b []byte) (int, error)  { return s.inbound.read(b) }
func (s *stream) Write(b []byte) (int, error) { return s.peer.inbound.write(b) }

// Close lets what is under way arrive, then an end of file.
func (s *stream) Close() error {
	s.host.abandon(s)
	s.inbound.update(func(p *pipe) { p.unread = true })
	s.peer.inbound.close()
	return nil
}

// reset is what the end of a process does to its connections.
func (s *stream) reset() {
	s.host.abandon(s)
	s.inbound.update(func(p *pipe) { p.unread = true })
	s.peer.inbound.update(func(p *pipe) { p.broken = true })
}

func (s *stream) LocalAddr() net.Addr  { return s.local }
func (s *stream) RemoteAddr() net.Addr { return s.peer.local }

func (s *stream) SetDeadline(t time.Time) error {
	s.inbound.readUntil.set(t)
	s.peer.inbound.writeUntil.set(t)
	return nil
}

func (s *stream) SetReadDeadline(t time.Time) error {
	s.inbound.readUntil.set(t)
	return nil
}

func (s *stream) SetWriteDeadline(t time.Time) error {
	s.peer.inbound.writeUntil.set(t)
	return nil
}
