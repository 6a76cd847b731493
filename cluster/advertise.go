package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"syscall"

	"github.com/grapevine-go/grapevine/membership"
)

// advertised returns the address that the others are told, its port still 0 when it is to be the bound one. For a
// wildcard, settleAddress comes first.
func (s settings) advertised() (netip.AddrPort, error) {
	switch {
	case s.advertise.IsValid():
		return s.advertise, nil
	case s.bind.Addr().IsUnspecified():
		return netip.AddrPort{}, refuseToGuess("give the IP under which the other members reach this one")
	}
	return netip.AddrPortFrom(s.bind.Addr(), 0), nil
}

// settleAddress chooses the address to advertise where the config leaves it open.
func (s *settings) settleAddress(ctx context.Context, host hostNetwork) error {
	if s.Transport != nil || s.advertise.IsValid() || !s.bind.Addr().IsUnspecified() {
		return nil
	}
	found, err := s.chooseAddress(ctx, host)
	if err != nil {
		return err
	}
	s.Logger.Info().Stringer("address", found.ip).Str("why", found.why).Msg("cluster: chose the address to advertise")
	s.advertise = netip.AddrPortFrom(found.ip, 0)
	return nil
}

// reachable returns the address of this host that other hosts most likely reach, if no other is as likely: a private
// IPv4 address, else any IPv4 address, then the same of IPv6. It goes by the addresses alone, where no route tells.
func reachable(local []net.Addr, only4 bool) (netip.Addr, bool) {
	var best []netip.Addr
	least := 0
	for _, prefix := range usable(local, only4) {
		rank := unlikeliness(prefix)
		if len(best) == 0 || rank < least {
			best, least = nil, rank
		}
		if rank == least && !slices.Contains(best, prefix.Addr()) {
			best = append(best, prefix.Addr())
		}
	}
	if len(best) != 1 {
		return netip.Addr{}, false
	}
	return best[0], true
}

// dockerBridge is the address of Docker's default bridge: every host that runs Docker has it.
var dockerBridge = netip.MustParsePrefix("172.17.0.1/16")

// usable returns the addresses with their networks that could be advertised: not loopback, link-local or multicast.
func usable(local []net.Addr, only4 bool) (prefixes []netip.Prefix) {
	for _, addr := range local {
		prefix, err := netip.ParsePrefix(addr.String())
		if err != nil {
			continue
		}
		prefix = netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits())
		if canAdvertise(prefix.Addr(), only4) && prefix != dockerBridge {
			prefixes = append(prefixes, prefix)
		}
	}
	return prefixes
}

func canAdvertise(ip netip.Addr, only4 bool) bool {
	return ip.IsGlobalUnicast() && (ip.Is4() || !only4)
}

// unlikeliness ranks an address; that of others is lower.
func unlikeliness(prefix netip.Prefix) (rank int) {
	ip := prefix.Addr()
	if !ip.IsPrivate() {
		rank++
	}
	if !ip.Is4() {
		rank += 2
	}
	if ip.IsPrivate() && ip == prefix.Masked().Addr().Next() {
		rank += 4 // the first address of a private network is that of its gateway, such as a bridge of containers
	}
	return rank
}

// containerBridge matches the interfaces that container engines and hypervisors make on a host: only
// what runs on the same host is behind them. Docker names the bridges of its networks br- and twelve
// hexadecimal digits, and ends of cables veth and seven: br-100 and veth0 are names that people give.
var containerBridge = regexp.MustCompile(`^(docker|br-[0-9a-f]{6,}$|podman|nerdctl|lxc|lxdbr|incusbr|` +
	`virbr|mpqemubr|vmnet|vboxnet|veth[0-9a-f]{6,}$|cni|cbr|flannel|cali|vxlan\.calico|tunl|weave|` +
	`cilium|antrea|ovn-k8s|kube-|nodelocaldns)`)

// bindError adds to the system's error where the address is set and what to do.
func (s settings) bindError(err error) error {
	remedy := "bind to an IP of this host and a free port"
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		remedy = "the port is in use: choose another port, or port 0 for a free one, or end the process that uses it"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		remedy = "this host does not have the IP: bind to one that it has, or to a wildcard"
	case errors.Is(err, syscall.EACCES):
		remedy = "this process may not bind the port: choose one from 1024"
	}
	refused := &membership.FieldError{Field: "bind address", Value: s.Bind, Remedy: remedy}
	return fmt.Errorf("%w: %w", at(refused, "Bind"), err)
}

// refuseToGuess is the error that asks for the address.
func refuseToGuess(remedy string) error {
	return at(&membership.FieldError{Field: "advertise address", Value: "", Remedy: remedy}, "Advertise")
}
