package dnsendpoint

// truncated warns, once a minute, that the answer for name did not fit. It must not keep name.
func (s *Server) truncated(name []byte) {}
