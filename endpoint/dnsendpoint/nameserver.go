package dnsendpoint

import (
	"net"
	"net/netip"
	"slices"
	"sync"

	"github.com/grapevine-go/grapevine/membership"
)

// reachable is where this server can be reached, for the records of the zone's name server.
type reachable struct {
	mu    sync.RWMutex
	addrs []netip.Addr
}

// serving records the address of a socket. Serve and ServeTCP call it. A wildcard is no address
// that a client could use.
func (s *Server) serving(addr net.Addr) {
	parsed, err := netip.ParseAddrPort(addr.String())
	if err != nil {
		return
	}
	ip := parsed.Addr().Unmap()
	s.reachable.mu.Lock()
	defer s.reachable.mu.Unlock()
	if ip.Zone() == "" && !ip.IsUnspecified() && !slices.Contains(s.reachable.addrs, ip) {
		s.reachable.addrs = append(s.reachable.addrs, ip)
	}
}

// appendReachable appends the addresses of the sockets or, where all are wildcards, of the member
// that this process is.
func (s *Server) appendReachable(addrs []netip.Addr, snapshot *membership.Snapshot) []netip.Addr {
	s.reachable.mu.RLock()
	addrs = append(addrs, s.reachable.addrs...)
	s.reachable.mu.RUnlock()
	if len(addrs) > 0 {
		return addrs
	}
	self, _ := snapshot.Member(s.View.Self())
	return addressesOf(addrs, self)
}
