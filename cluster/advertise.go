package cluster

import (
	"net"
	"net/netip"
	"slices"

	"github.com/grapevine-go/grapevine/membership"
)

// advertised gives the address that the others are told, its port still 0 when it is to be the bound one.
func (s settings) advertised() (netip.AddrPort, error) {
	switch {
	case s.advertise.IsValid():
		return s.advertise, nil
	case !s.bind.Addr().IsUnspecified():
		return netip.AddrPortFrom(s.bind.Addr(), 0), nil
	}
	local, err := net.InterfaceAddrs()
	if err != nil {
		return netip.AddrPort{}, err
	}
	ip, ok := reachable(local, s.bind.Addr().Is4())
	if !ok {
		return netip.AddrPort{}, &membership.FieldError{Field: "advertise address", Value: "",
			Remedy: "this host has no address beyond loopback to offer: give the IP under which the others reach it"}
	}
	return netip.AddrPortFrom(ip, 0), nil
}

// reachable chooses from the addresses of this host the one that other hosts most likely reach: a private IPv4 address,
// else any IPv4 address, then the same of IPv6.
func reachable(local []net.Addr, only4 bool) (netip.Addr, bool) {
	var candidates []netip.Addr
	for _, addr := range local {
		prefix, err := netip.ParsePrefix(addr.String())
		if err != nil {
			continue
		}
		ip := prefix.Addr().Unmap()
		if ip.IsGlobalUnicast() && (ip.Is4() || !only4) { // global unicast is not loopback, link-local or multicast
			candidates = append(candidates, ip)
		}
	}
	if len(candidates) == 0 {
		return netip.Addr{}, false
	}
	rank := func(ip netip.Addr) int {
		rank := 0
		if !ip.Is4() {
			rank += 2
		}
		if !ip.IsPrivate() {
			rank++
		}
		return rank
	}
	return slices.MinFunc(candidates, func(a, b netip.Addr) int { return rank(a) - rank(b) }), true
}
