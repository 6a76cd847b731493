package dnsendpoint

import "net"

// Serve answers queries on conn until Shutdown.
func (s *Server) Serve(conn net.PacketConn) error {
	if err := s.setup(); err != nil {
		return err
	}
	s.serving(conn.LocalAddr())
	return ErrServerClosed
}
