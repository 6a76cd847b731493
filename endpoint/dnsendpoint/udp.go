package dnsendpoint

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"
)

const (
	packetReaders = 4    // of a socket: while one computes an answer, another reads
	largestQuery  = 4096 // bytes; those of clients have less than 512, unless they are padded
)

// Serve answers the queries that arrive at conn, and blocks until Shutdown or until conn cannot be
// read from. It closes conn. It returns [ErrServerClosed] after Shutdown, otherwise the error of
// conn, or a [*membership.FieldError] of a field that cannot be used. Several calls, each with a
// conn of its own, may run at once. An error about one datagram, as an ICMP message causes it, does
// not end Serve.
//
// An answer leaves from the address that was queried where conn is a *net.UDPConn. For one that is
// bound to a wildcard that holds on Linux only: on other systems bind to addresses of the host, one
// Serve each, as otherwise the system chooses the source of an answer by its routes, and clients
// drop answers that come from another address.
func (s *Server) Serve(conn net.PacketConn) error {
	defer conn.Close()
	if err := s.setup(); err != nil {
		return err
	}
	socket := &packetSocket{conn}
	if !s.begin(socket) {
		return ErrServerClosed
	}
	defer s.carrier.end(socket)
	defer conn.Close() // before end: after Shutdown the port is free
	s.serving(conn.LocalAddr())
	source := packetSource(conn)
	errs := make([]error, packetReaders)
	var work sync.WaitGroup
	for i := range errs {
		work.Go(func() {
			if errs[i] = s.answerPackets(source()); errs[i] != ErrServerClosed {
				conn.Close() // the others end, too
			}
		})
	}
	work.Wait()
	if isClosed(s.closed()) {
		return ErrServerClosed
	}
	for _, err := range errs {
		if !errors.Is(err, net.ErrClosed) {
			return err
		}
	}
	return errs[0]
}

// answerPackets answers until the socket ends. It has its own buffers, and makes no garbage.
func (s *Server) answerPackets(conn packets) error {
	var p patience
	closing := s.closed()
	query, answer := make([]byte, largestQuery), make([]byte, 0, largestQuery)
	for {
		n, from, err := conn.read(query)
		switch {
		case err == nil:
			p = patience{}
			if answer = s.packet(answer[:0], query[:n], from, time.Now()); len(answer) > 0 {
				s.written(conn.write(answer, from)) // otherwise it may get lost anyway
			}
		case isClosed(closing):
			return ErrServerClosed
		case errors.Is(err, net.ErrClosed) || errors.Is(err, io.EOF):
			return err
		case concernsOne(err):
		case !p.again(closing):
			return err
		}
	}
}

// packet appends the response to a datagram, if one is due: a datagram beyond the rate limit gets
// none, or an empty one.
func (s *Server) packet(buf, query []byte, from netip.AddrPort, now time.Time) []byte {
	client := source{addr: from.Addr().Unmap(), loopback: from.Addr().Unmap().IsLoopback()}
	if !client.loopback {
		if prefix := prefixOf(client.addr); !s.limits.udp(now).allow(prefix, now) {
			s.limited(prefix, now)
			return s.limits.slip(buf, query)
		}
	}
	return s.respond(buf, query, client, now)
}

// concernsOne reports whether an error of a socket is about an earlier datagram, one that was sent
// or one that is too large, so that the next may be read at once.
func concernsOne(err error) bool {
	for _, one := range []error{syscall.ECONNREFUSED, syscall.ECONNRESET, syscall.EHOSTUNREACH,
		syscall.ENETUNREACH, syscall.EMSGSIZE} {
		if errors.Is(err, one) {
			return true
		}
	}
	return false
}

// packetSocket is the carriage of a packet conn.
type packetSocket struct{ net.PacketConn }

func (p *packetSocket) stop() {
	if p.SetReadDeadline(longAgo) != nil {
		p.Close()
	}
}

// packets is a socket for one goroutine. write answers the datagram that read returned last.
type packets interface {
	read(query []byte) (int, netip.AddrPort, error)
	write(answer []byte, to netip.AddrPort) error
}

// packetSource returns a function that makes the packets of each goroutine that uses conn.
func packetSource(conn net.PacketConn) func() packets {
	udp, ok := conn.(*net.UDPConn)
	if !ok {
		return func() packets { return &anyPackets{PacketConn: conn} }
	}
	if local, ok := udp.LocalAddr().(*net.UDPAddr); ok && local.IP.IsUnspecified() && wantDestinations(udp) {
		return func() packets { return newWildcardPackets(udp) }
	}
	return func() packets { return udpPackets{udp} }
}

type udpPackets struct{ *net.UDPConn }

func (u udpPackets) read(query []byte) (int, netip.AddrPort, error) {
	return u.ReadFromUDPAddrPort(query)
}

func (u udpPackets) write(answer []byte, to netip.AddrPort) error {
	_, err := u.WriteToUDPAddrPort(answer, to)
	return err
}

// anyPackets is for what is no socket of the system, as a network of a test.
type anyPackets struct {
	net.PacketConn
	from net.Addr
}

func (a *anyPackets) read(query []byte) (n int, from netip.AddrPort, err error) {
	if n, a.from, err = a.ReadFrom(query); err == nil {
		from = addrPortOf(a.from)
	}
	return n, from, err
}

func (a *anyPackets) write(answer []byte, _ netip.AddrPort) error {
	_, err := a.WriteTo(answer, a.from)
	return err
}

// addrPortOf returns the zero value, an address beyond loopback, for what is no IP and port.
func addrPortOf(addr net.Addr) netip.AddrPort {
	if known, ok := addr.(interface{ AddrPort() netip.AddrPort }); ok {
		return known.AddrPort()
	}
	if addr == nil {
		return netip.AddrPort{}
	}
	parsed, _ := netip.ParseAddrPort(addr.String())
	return parsed
}
