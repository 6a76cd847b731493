//go:build !linux

package dnsendpoint

import "net"

// wantDestinations reports that the standard library cannot ask this system which address a
// datagram was sent to.
func wantDestinations(*net.UDPConn) bool { return false }

func newWildcardPackets(conn *net.UDPConn) packets { return udpPackets{conn} }
