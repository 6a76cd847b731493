package transport

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

// listenOn gives sockets at a free port of ip, or skips the test where this host lacks that family.
func listenOn(t *testing.T, ip string) *sockets {
	t.Helper()
	bind := netip.AddrPortFrom(netip.MustParseAddr(ip), 0)
	transport, err := listen(bind, bind, zerolog.Nop())
	if errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.EAFNOSUPPORT) {
		t.Skipf("skipped: this host has no %s: %v", ip, err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { transport.Shutdown() })
	return transport
}

// at is where transport is reached over ip.
func at(transport *sockets, ip string) string {
	return netip.AddrPortFrom(netip.MustParseAddr(ip), transport.advertise.Port()).String()
}

func TestSocketsShareAPort(t *testing.T) {
	transport := listenOn(t, "127.0.0.1")
	tcp, udp := transport.tcp.Addr().(*net.TCPAddr).AddrPort(), transport.udp.LocalAddr().(*net.UDPAddr).AddrPort()
	ip, port, err := transport.FinalAdvertiseAddr("", 0)
	if err != nil || tcp != udp || ip.String() != "127.0.0.1" || port != int(tcp.Port()) || port == 0 {
		t.Errorf("TCP at %v, UDP at %v, advertised %v:%d, %v", tcp, udp, ip, port, err)
	}
}

func TestSocketsCarry(t *testing.T) {
	for name, tt := range map[string]struct{ here, there, over string }{
		"IPv4":                     {"127.0.0.1", "127.0.0.1", "127.0.0.1"},
		"IPv4 to any":              {"127.0.0.1", "0.0.0.0", "127.0.0.1"},
		"IPv6":                     {"::1", "::1", "::1"},
		"IPv6 to dual stack":       {"::1", "::", "::1"},
		"IPv4 to dual stack":       {"127.0.0.1", "::", "127.0.0.1"},
		"dual stack to dual stack": {"::", "::", "127.0.0.1"},
	} {
		t.Run(name, func(t *testing.T) {
			here, there := listenOn(t, tt.here), listenOn(t, tt.there)
			carryPacket(t, here, there, tt.over)
			carryPacket(t, there, here, tt.over)
			carryStream(t, here, there, tt.over)
			carryStream(t, there, here, tt.over)
		})
	}
}

func carryPacket(t *testing.T, from, to *sockets, over string) {
	t.Helper()
	if _, err := from.WriteTo([]byte("datagram"), at(to, over)); err != nil {
		t.Fatalf("send to %s: %v", at(to, over), err)
	}
	packet := <-to.PacketCh() // over loopback nothing is lost
	if string(packet.Buf) != "datagram" || packet.From.String() != at(from, over) || packet.Timestamp.IsZero() {
		t.Errorf("got %q from %v, want it from %s", packet.Buf, packet.From, at(from, over))
	}
}

func carryStream(t *testing.T, from, to *sockets, over string) {
	t.Helper()
	near, err := from.DialTimeout(at(to, over), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	far := <-to.StreamCh()
	defer far.Close()
	if _, err := near.Write([]byte("stream")); err != nil {
		t.Error(err)
	}
	near.Close()
	if got, err := io.ReadAll(far); string(got) != "stream" || err != nil {
		t.Errorf("read %q, %v", got, err)
	}
}

func TestSocketsRefused(t *testing.T) {
	here, gone := listenOn(t, "127.0.0.1"), listenOn(t, "127.0.0.1")
	gone.Shutdown()
	if _, err := here.DialTimeout(at(gone, "127.0.0.1"), time.Minute); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("dial where nobody listens: %v", err)
	}
	if _, err := here.WriteTo(nil, "no address"); err == nil {
		t.Error("a datagram to no address is sent")
	}
}

func TestListenOnTakenPort(t *testing.T) {
	taken := listenOn(t, "127.0.0.1")
	taken.tcp.Close() // the port stays taken for UDP
	if _, err := listen(taken.advertise, taken.advertise, zerolog.Nop()); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("listen on a port taken for UDP: %v", err)
	}
	tcp, err := net.ListenTCP("tcp4", net.TCPAddrFromAddrPort(taken.advertise))
	if err != nil {
		t.Fatalf("the port stays taken for TCP: %v", err)
	}
	tcp.Close()
}
