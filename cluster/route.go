package cluster

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/grapevine-go/grapevine/cluster/internal/peerfile"
)

// seedRoutePatience bounds how long Start asks for seeds, and looks them up, to choose the address that it advertises.
const seedRoutePatience = 2 * time.Second

// addresses of documentation (RFC 5737, RFC 3849): the route to them is the default route, and nothing is sent there.
var elsewhere4, elsewhere6 = netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")

// hostNetwork is what a host knows of its own network; tests have others than the system's.
type hostNetwork struct {
	interfaces func() ([]netInterface, error)                                      // those that are up
	source     func(to netip.Addr) (netip.Addr, error)                             // which address the host sends from
	lookUp     func(ctx context.Context, seeds []string) (found []string, _ error) // IP:port of seeds, host:port each
}

type netInterface struct {
	name  string
	addrs []net.Addr
}

// choice is the address that is advertised for a wildcard, and why.
type choice struct {
	ip  netip.Addr
	why string
}

// chooseAddress returns the address by which others most likely reach this member. It goes by the routes to the seeds,
// then by the default route, then by the addresses themselves, and refuses to guess between equals.
func (s settings) chooseAddress(ctx context.Context, host hostNetwork) (choice, error) {
	c := newChooser(host, s.bind.Addr().Is4())
	if all := c.candidates(); len(all) == 1 {
		return choice{all[0], "it is the only address of this host beyond loopback and bridges of containers"}, nil
	}
	found := c.bySeeds(s.seedAddresses(ctx, host))
	if ctx.Err() != nil {
		return choice{}, context.Cause(ctx)
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return choice{}, c.refusal(found)
	case len(c.byDefault) > 0:
		return choice{c.byDefault[0], "it is the source address of the default route"}, nil
	}
	if ip, ok := reachable(c.local(), c.only4); ok {
		return choice{ip, "it is the likeliest of this host's addresses, as no route tells"}, nil
	}
	return choice{}, c.refusal(nil)
}

// seedAddresses are those of all seeds, or, where there are none, of the peers that a file
// remembers. A seed that cannot be found now is left to the attempts to join.
func (s settings) seedAddresses(ctx context.Context, host hostNetwork) (addresses []string) {
	ctx, cancel := context.WithTimeout(ctx, seedRoutePatience)
	defer cancel()
	providers := s.providers()
	found := make([][]string, len(providers))
	var asked sync.WaitGroup
	for i, provider := range providers {
		asked.Go(func() {
			seeds, _ := askSeeds(ctx, provider)
			found[i], _ = host.lookUp(ctx, seeds)
		})
	}
	asked.Wait()
	if addresses = slices.Concat(found...); len(addresses) == 0 && s.PeersFile != "" {
		addresses, _ = peerfile.Read(s.PeersFile, s.Cluster) // the node reports its error
	}
	return addresses
}

// chooser holds the addresses of a host while one is chosen.
type chooser struct {
	host      hostNetwork
	only4     bool
	links     []netInterface // that lead to other hosts, for all that their names tell
	bridges   []netInterface
	byDefault []netip.Addr // source addresses of the default routes, IPv4 first
	err       error        // why the interfaces cannot be listed: the routes may do without
}

func newChooser(host hostNetwork, only4 bool) *chooser {
	c := &chooser{host: host, only4: only4}
	var all []netInterface
	all, c.err = host.interfaces()
	for _, one := range all {
		if containerBridge.MatchString(one.name) {
			c.bridges = append(c.bridges, one)
		} else {
			c.links = append(c.links, one)
		}
	}
	for _, to := range []netip.Addr{elsewhere4, elsewhere6} {
		if ip, ok := c.source(to); ok {
			c.byDefault = append(c.byDefault, ip)
		}
	}
	return c
}

// source returns the address that this host sends from, if it is one to advertise.
func (c *chooser) source(to netip.Addr) (netip.Addr, bool) {
	if c.only4 && !to.Is4() {
		return netip.Addr{}, false
	}
	ip, err := c.host.source(to)
	ip = ip.Unmap()
	return ip, err == nil && canAdvertise(ip, c.only4)
}

func (c *chooser) local() (addrs []net.Addr) {
	for _, one := range c.links {
		addrs = append(addrs, one.addrs...)
	}
	return addrs
}

// candidates are the addresses that may be chosen: not those of bridges, unless a default route leaves by one.
func (c *chooser) candidates() (ips []netip.Addr) {
	ips = slices.Clone(c.byDefault)
	for _, prefix := range usable(c.local(), c.only4) {
		if !slices.Contains(ips, prefix.Addr()) {
			ips = append(ips, prefix.Addr())
		}
	}
	return ips
}

// bySeeds goes by the source addresses of the routes to seeds on other hosts, else by a seed that is this host itself.
// It returns several choices where they are equals.
func (c *chooser) bySeeds(seeds []string) []choice {
	var toOthers, own []choice
	for _, seed := range seeds {
		address, err := netip.ParseAddrPort(seed)
		to := address.Addr().Unmap()
		if err != nil || !canAdvertise(to, c.only4) {
			continue // one at loopback tells nothing
		}
		switch ip, ok := c.source(to); {
		case !ok || c.onBridge(ip): // others do not reach the address of a bridge, although a seed is behind it
		case ip == to:
			own = append(own, choice{ip, "it is the address of the seed " + seed + ", which is of this host"})
		default:
			toOthers = append(toOthers, choice{ip, "it is the source address of the route to the seed " + seed})
		}
	}
	if len(toOthers) == 0 {
		return c.narrow(own)
	}
	return c.narrow(toOthers)
}

// narrow leaves each address once, those of IPv4 if there are any, and of several the one of the default route.
func (c *chooser) narrow(found []choice) []choice {
	if slices.ContainsFunc(found, func(one choice) bool { return one.ip.Is4() }) {
		found = slices.DeleteFunc(found, func(one choice) bool { return !one.ip.Is4() })
	}
	var each []choice
	for _, one := range found {
		if !slices.ContainsFunc(each, func(known choice) bool { return known.ip == one.ip }) {
			each = append(each, one)
		}
	}
	for _, one := range each {
		if len(each) > 1 && slices.Contains(c.byDefault, one.ip) {
			return []choice{{one.ip, one.why + " and of the default route"}}
		}
	}
	return each
}

func (c *chooser) onBridge(ip netip.Addr) bool {
	return !slices.Contains(c.byDefault, ip) && (ip == dockerBridge.Addr() ||
		slices.ContainsFunc(c.bridges, func(bridge netInterface) bool { return bridge.has(ip) }))
}

func (i netInterface) has(ip netip.Addr) bool {
	return slices.ContainsFunc(usable(i.addrs, false), func(p netip.Prefix) bool { return p.Addr() == ip })
}

// refusal lists the addresses among which the choice would be a guess: those found, or else all.
func (c *chooser) refusal(found []choice) error {
	const remedy = "give the IP under which the other members reach this one"
	var list []string
	for _, one := range found {
		list = append(list, one.ip.String())
	}
	if len(list) > 0 {
		return refuseToGuess("the routes to the seeds leave from several addresses, " + shorten(list) + ": " + remedy)
	}
	for _, link := range c.links {
		for _, prefix := range usable(link.addrs, c.only4) {
			list = append(list, fmt.Sprintf("%v on %s", prefix.Addr(), link.name))
		}
	}
	switch {
	case len(list) > 0:
		return refuseToGuess("this host has several addresses, and no route tells which one others reach, " +
			shorten(list) + ": " + remedy)
	case c.err != nil:
		return fmt.Errorf("%w: list the addresses of this host: %w", refuseToGuess(remedy), c.err)
	case len(c.bridges) > 0:
		return refuseToGuess("this host has no address beyond loopback and bridges of containers: " + remedy)
	}
	return refuseToGuess("this host has no address beyond loopback: " + remedy)
}

const mostCandidates = 8 // that an error lists

func shorten(list []string) string {
	if more := len(list) - mostCandidates; more > 0 {
		list = append(slices.Clone(list[:mostCandidates]), fmt.Sprintf("and %d more", more))
	}
	return strings.Join(list, ", ")
}

// systemNetwork is the network of this host as the system tells it.
var systemNetwork = hostNetwork{interfaces: systemInterfaces, source: systemSource, lookUp: lookUpAll}

func systemInterfaces() (list []netInterface, err error) {
	all, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	for _, one := range all {
		if one.Flags&net.FlagUp == 0 || one.Flags&net.FlagRunning == 0 {
			continue // it leads nowhere, as a bridge without containers
		}
		addrs, err := one.Addrs()
		if err != nil {
			continue // it has gone meanwhile
		}
		list = append(list, netInterface{one.Name, addrs})
	}
	return list, nil
}

const discardPort = 9 // any would do, as nothing is sent

// systemSource connects a UDP socket, which looks up the route and sends nothing.
func systemSource(to netip.Addr) (netip.Addr, error) {
	dialer := net.Dialer{Control: func(_, _ string, conn syscall.RawConn) error { return conn.Control(preferLasting) }}
	conn, err := dialer.Dial("udp", netip.AddrPortFrom(to, discardPort).String())
	if err != nil {
		return netip.Addr{}, err
	}
	defer conn.Close()
	return conn.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap(), nil
}
