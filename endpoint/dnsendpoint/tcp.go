package dnsendpoint

import "net"

// ServeTCP answers queries on connections of listener until Shutdown.
func (s *Server) ServeTCP(listener net.Listener) error {
	if err := s.setup(); err != nil {
		return err
	}
	s.serving(listener.Addr())
	return ErrServerClosed
}
