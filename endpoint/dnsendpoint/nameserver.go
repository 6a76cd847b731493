package dnsendpoint

import "net"

// serving records an address that the server is reached at, for the records of the zone's name
// server. Serve and ServeTCP call it with the address of their socket.
func (s *Server) serving(addr net.Addr) {}
