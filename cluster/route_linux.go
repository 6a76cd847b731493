package cluster

import "syscall"

// of linux/in6.h (RFC 5014)
const (
	ipv6AddressPreferences = 72
	preferPublicSource     = 0x2
)

// preferLasting asks for a source address that stays: by default the system may take a temporary
// one (RFC 8981), which is gone after some days. The option is refused by a socket of IPv4, which
// needs none.
func preferLasting(socket uintptr) {
	_ = syscall.SetsockoptInt(int(socket), syscall.IPPROTO_IPV6, ipv6AddressPreferences, preferPublicSource)
}
