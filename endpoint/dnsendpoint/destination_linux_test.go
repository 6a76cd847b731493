package dnsendpoint

import (
	"net"
	"testing"
)

// TestAnswersLeaveFromTheAddressThatWasAsked asks 127.0.0.2. The system would answer from 127.0.0.1,
// and the connected socket of the client, as most resolvers have it, would not get that.
func TestAnswersLeaveFromTheAddressThatWasAsked(t *testing.T) {
	for name, tt := range map[string]struct {
		network string
		bound   net.IP
		asked   net.IP
	}{
		"IPv4":              {"udp4", net.IPv4zero, net.IPv4(127, 0, 0, 2)},
		"IPv6":              {"udp6", net.IPv6unspecified, net.IPv6loopback},
		"IPv4 of both":      {"udp", net.IPv6unspecified, net.IPv4(127, 0, 0, 2)},
		"IPv6 of both":      {"udp", net.IPv6unspecified, net.IPv6loopback},
		"IPv4, one address": {"udp4", net.IPv4(127, 0, 0, 3), net.IPv4(127, 0, 0, 3)},
	} {
		t.Run(name, func(t *testing.T) {
			if tt.asked.To4() == nil {
				needsIPv6(t)
			}
			s := carried(3)
			server, err := net.ListenUDP(tt.network, &net.UDPAddr{IP: tt.bound})
			if err != nil {
				t.Fatal(err)
			}
			serveWhile(t, s, func() error { return s.Serve(server) })
			client, err := net.DialUDP("udp", nil, &net.UDPAddr{IP: tt.asked, Port: server.LocalAddr().(*net.UDPAddr).Port})
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			query := queryOf(7, catalogName)
			checkAnswer(t, ask(t, client, query), 7, 3)
			checkNoGarbage(t, client, query)
		})
	}
}

// needsIPv6 skips the test on a host that has no ::1, as some containers.
func needsIPv6(t *testing.T) {
	t.Helper()
	listener, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		t.Skip("skipped: this host has no IPv6: ", err)
	}
	listener.Close()
}
