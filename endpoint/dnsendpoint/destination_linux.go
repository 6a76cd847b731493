package dnsendpoint

import (
	"encoding/binary"
	"net"
	"net/netip"
	"syscall"
)

// wantDestinations makes the system tell with each datagram which address it was sent to. It
// reports whether it could.
func wantDestinations(conn *net.UDPConn) bool {
	raw, err := conn.SyscallConn()
	if err != nil {
		return false
	}
	is4 := conn.LocalAddr().(*net.UDPAddr).IP.To4() != nil
	var failed error
	err = raw.Control(func(fd uintptr) {
		if is4 {
			failed = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_IP, syscall.IP_PKTINFO, 1)
		} else { // that of IPv4 addresses is told as well
			failed = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_IPV6, syscall.IPV6_RECVPKTINFO, 1)
		}
	})
	return err == nil && failed == nil
}

// wildcardPackets answers each datagram from the address that it was sent to. What the system told
// of that is handed back to it with the answer: struct in_pktinfo or in6_pktinfo, in one control
// message.
type wildcardPackets struct {
	*net.UDPConn
	space, control []byte
}

func newWildcardPackets(conn *net.UDPConn) packets {
	return &wildcardPackets{UDPConn: conn, space: make([]byte, syscall.CmsgSpace(syscall.SizeofInet6Pktinfo))}
}

func (w *wildcardPackets) read(query []byte) (int, netip.AddrPort, error) {
	n, told, _, from, err := w.ReadMsgUDPAddrPort(query, w.space)
	w.control = w.space[:told]
	return n, from, err
}

func (w *wildcardPackets) write(answer []byte, to netip.AddrPort) error {
	anyInterface(w.control)
	_, _, err := w.WriteMsgUDPAddrPort(answer, w.control, to)
	return err
}

// anyInterface leaves the way of an answer to the routes of the host, as it may differ from the way
// of the query. A link-local address of IPv6 says nothing without its interface, which stays.
func anyInterface(control []byte) {
	header := syscall.CmsgLen(0)
	if len(control) < header+syscall.SizeofInet4Pktinfo {
		return
	}
	data := control[header:]
	switch kind := binary.NativeEndian.Uint32(control[header-4:]); {
	case kind == syscall.IP_PKTINFO:
		clear(data[:4]) // index of the interface, then the address
	case kind == syscall.IPV6_PKTINFO && len(data) >= syscall.SizeofInet6Pktinfo:
		if !netip.AddrFrom16([16]byte(data)).IsLinkLocalUnicast() {
			clear(data[16:20]) // the address comes first
		}
	}
}
