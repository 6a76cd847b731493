package cluster

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/cluster/internal/peerfile"
	"github.com/grapevine-go/grapevine/membership"
)

// fakeHost is a host with interfaces, "name: CIDR ...", and routes, "network source ..."; the longest prefix counts.
type fakeHost struct {
	interfaces []string
	routes     map[string]string
	names      map[string][]string // what seeds by name resolve to; others are not found
}

var errNoRoute = errors.New("no route to host")

func (h fakeHost) network() hostNetwork {
	return hostNetwork{interfaces: h.list, source: h.source, lookUp: h.lookUp}
}

func (h fakeHost) list() (all []netInterface, err error) {
	for _, text := range h.interfaces {
		name, addrs, _ := strings.Cut(text, ":")
		one := netInterface{name: name}
		for addr := range strings.FieldsSeq(addrs) {
			one.addrs = append(one.addrs, textAddr(addr))
		}
		all = append(all, one)
	}
	return all, nil
}

// source knows the networks of the interfaces and the routes beyond them.
func (h fakeHost) source(to netip.Addr) (found netip.Addr, err error) {
	longest := -1
	consider := func(prefix netip.Prefix, source netip.Addr) {
		if prefix.Masked().Contains(to) && prefix.Bits() > longest {
			found, longest = source, prefix.Bits()
		}
	}
	all, _ := h.list()
	for _, one := range all {
		for _, addr := range one.addrs {
			prefix := netip.MustParsePrefix(addr.String())
			consider(prefix, prefix.Addr())
			consider(netip.PrefixFrom(prefix.Addr(), prefix.Addr().BitLen()), prefix.Addr())
		}
	}
	for network, source := range h.routes {
		consider(netip.MustParsePrefix(network), netip.MustParseAddr(source))
	}
	if longest < 0 {
		return found, errNoRoute
	}
	return found, nil
}

func (h fakeHost) lookUp(_ context.Context, seeds []string) (found []string, err error) {
	for _, seed := range seeds {
		if _, parsed := netip.ParseAddrPort(seed); parsed == nil {
			found = append(found, seed)
			continue
		}
		name, port, _ := net.SplitHostPort(seed)
		for _, ip := range h.names[name] {
			found = append(found, net.JoinHostPort(ip, port))
		}
	}
	return found, nil
}

const (
	loop   = "lo: 127.0.0.1/8 ::1/128"
	docker = "docker0: 172.17.0.1/16"
)

func on(interfaces ...string) fakeHost {
	return fakeHost{interfaces: append([]string{loop}, interfaces...)}
}

// via adds the routes to h: pairs of a network and a source.
func (h fakeHost) via(routes ...string) fakeHost {
	h.routes = make(map[string]string)
	for pair := range slices.Chunk(routes, 2) {
		h.routes[pair[0]] = pair[1]
	}
	return h
}

func (h fakeHost) resolving(name string, ips ...string) fakeHost {
	h.names = map[string][]string{name: ips}
	return h
}

const default4, default6 = "0.0.0.0/0", "::/0"

func TestFault64_ChosenAddress(t *testing.T) {
	seeds := func(seeds ...string) []string { return seeds }
	for name, tt := range map[string]struct {
		host fakeHost
		bind string // the default is 0.0.0.0:7946
		join []string
		want string // "" where it would be a guess
		why  string // part of the reason, or of the error
	}{
		"one address":              {host: on("eth0: 10.0.0.7/24"), want: "10.0.0.7", why: "only address"},
		"Docker beside it":         {host: on("eth0: 10.0.0.7/24", docker), want: "10.0.0.7", why: "only address"},
		"Docker, public":           {host: on("eth0: 203.0.113.5/24", docker).via(default4, "203.0.113.5"), want: "203.0.113.5"},
		"Docker, CGNAT":            {host: on("eth0: 100.73.14.171/16", docker).via(default4, "100.73.14.171"), want: "100.73.14.171"},
		"Docker, IPv6 alone":       {host: on("eth0: 2001:db8:1::5/64", docker).via(default6, "2001:db8:1::5"), bind: "[::]:7946", want: "2001:db8:1::5"},
		"Docker, ULA alone":        {host: on("eth0: fd00::5/64 fe80::5/64", docker), bind: "[::]:7946", want: "fd00::5"},
		"Docker, no other":         {host: on(docker), why: "bridges of containers"},
		"a network of Docker":      {host: on("eth0: 203.0.113.5/24", "br-0a1b2c3d4e5f: 172.18.0.1/16"), want: "203.0.113.5"},
		"of Kubernetes":            {host: on("eth0: 203.0.113.5/24", "cni0: 10.244.1.1/24", "flannel.1: 10.244.1.0/32"), want: "203.0.113.5"},
		"of virtual machines":      {host: on("eth0: 203.0.113.5/24", "virbr0: 192.168.122.1/24"), want: "203.0.113.5"},
		"the host's own bridge":    {host: on("br0: 10.0.0.7/24", docker), want: "10.0.0.7"},
		"Proxmox":                  {host: on("vmbr0: 10.0.0.7/24", "vmbr1: 172.16.0.1/24").via(default4, "10.0.0.7"), want: "10.0.0.7"},
		"a bridge of a VLAN":       {host: on("br-100: 10.0.0.7/24", "docker0: 172.18.0.1/16"), want: "10.0.0.7", why: "only address"},
		"a cable with a name":      {host: on("veth0: 10.0.0.7/24"), want: "10.0.0.7", why: "only address"},
		"a cable of Docker's":      {host: on("eth0: 203.0.113.5/24", "veth8a7c01f: 10.22.0.1/32"), want: "203.0.113.5", why: "only address"},
		"of Calico":                {host: on("eth0: 203.0.113.5/24", "vxlan.calico: 10.244.7.0/32", "cali0a1b: 10.244.7.1/32"), want: "203.0.113.5"},
		"of Podman and LXC":        {host: on("eth0: 203.0.113.5/24", "podman0: 10.88.0.1/16", "lxcbr0: 10.0.3.1/24"), want: "203.0.113.5"},
		"a bridge by default":      {host: on("br-0a: 10.0.0.7/24", docker).via(default4, "10.0.0.7"), want: "10.0.0.7"},
		"in a container":           {host: on("eth0: 172.17.0.2/16").via(default4, "172.17.0.2"), want: "172.17.0.2"},
		"loopback alone":           {host: on(), why: "no address beyond loopback:"},
		"link-local alone":         {host: on("eth0: 169.254.7.7/16 fe80::7/64"), bind: "[::]:7946", why: "no address beyond loopback:"},
		"default route of several": {host: on("eth0: 10.0.0.7/24", "eth1: 192.168.1.7/24").via(default4, "192.168.1.7"), want: "192.168.1.7", why: "default route"},
		"both families by default": {host: on("eth0: 203.0.113.5/24 2001:db8:1::5/64").via(default4, "203.0.113.5", default6, "2001:db8:1::5"), bind: "[::]:7946", want: "203.0.113.5", why: "default route"},
		"IPv4 for its wildcard":    {host: on("eth0: 203.0.113.5/24 2001:db8:1::5/64").via(default6, "2001:db8:1::5"), join: seeds("[2001:db8:1::9]:1"), want: "203.0.113.5"},
		"equals":                   {host: on("eth0: 10.0.0.7/24", "eth1: 192.168.1.7/24"), why: "10.0.0.7 on eth0, 192.168.1.7 on eth1"},
		"equals beside Docker":     {host: on("eth0: 203.0.113.5/24", "eth1: 198.51.100.5/24", docker), why: "203.0.113.5 on eth0, 198.51.100.5 on eth1: give"},
		"likelier":                 {host: on("eth0: 203.0.113.5/24", "eth1: 10.0.0.7/24"), want: "10.0.0.7", why: "no route tells"},
		"route to a seed": {host: on("eth0: 203.0.113.5/24", "eth1: 10.0.0.7/24").via(default4, "203.0.113.5"),
			join: seeds("10.0.0.9:7946"), want: "10.0.0.7", why: "route to the seed 10.0.0.9:7946"},
		"route to a distant seed": {host: on("eth0: 203.0.113.5/24", "eth1: 10.0.0.7/24").via(default4, "203.0.113.5", "10.0.0.0/8", "10.0.0.7"),
			join: seeds("10.9.9.9:7946"), want: "10.0.0.7"},
		"seed by name": {host: on("eth0: 203.0.113.5/24", "eth1: 10.0.0.7/24").via(default4, "203.0.113.5").resolving("seed.example", "10.0.0.9"),
			join: seeds("seed.example:7946"), want: "10.0.0.7", why: "10.0.0.9:7946"},
		"seed by name of both families": {host: on("eth0: 203.0.113.5/24 2001:db8:1::5/64", "eth1: 10.0.0.7/24").resolving("seed.example", "2001:db8:1::9", "10.0.0.9"),
			bind: "[::]:7946", join: seeds("seed.example:7946"), want: "10.0.0.7"},
		"seeds of IPv6 alone": {host: on("eth0: 203.0.113.5/24 2001:db8:1::5/64").via(default4, "203.0.113.5"),
			bind: "[::]:7946", join: seeds("[2001:db8:1::9]:7946"), want: "2001:db8:1::5"},
		"seed in the form of IPv4 in IPv6": {host: on("eth0: 203.0.113.5/24", "eth1: 10.0.0.7/24").via(default4, "203.0.113.5"),
			join: seeds("[::ffff:10.0.0.9]:7946"), want: "10.0.0.7"},
		"seed unknown":     {host: on("eth0: 203.0.113.5/24", "eth1: 10.0.0.7/24").via(default4, "203.0.113.5"), join: seeds("nobody.example:1"), want: "203.0.113.5", why: "default route"},
		"seed at loopback": {host: on("eth0: 203.0.113.5/24", "eth1: 10.0.0.7/24").via(default4, "203.0.113.5"), join: seeds("127.0.0.1:1"), want: "203.0.113.5"},
		"seed behind a bridge": {host: on("eth0: 203.0.113.5/24", "eth1: 10.0.0.7/24", docker).via(default4, "203.0.113.5"),
			join: seeds("172.17.0.2:7946"), want: "203.0.113.5", why: "default route"},
		"the host itself as the seed": {host: on("eth0: 203.0.113.5/24", "eth1: 10.0.0.7/24").via(default4, "203.0.113.5"),
			join: seeds("10.0.0.7:7946"), want: "10.0.0.7", why: "of this host"},
		"the host itself among seeds": {host: on("eth0: 203.0.113.5/24", "eth1: 10.0.0.7/24 10.0.0.100/32").via(default4, "203.0.113.5"),
			join: seeds("10.0.0.100:7946", "10.0.0.9:7946"), want: "10.0.0.7", why: "10.0.0.9"},
		"seeds lead both ways": {host: on("eth0: 10.0.0.7/24", "eth1: 192.168.1.7/24"),
			join: seeds("10.0.0.9:1", "192.168.1.9:1"), why: "several addresses, 10.0.0.7, 192.168.1.7: give"},
		"seeds both ways, one by default": {host: on("eth0: 10.0.0.7/24", "eth1: 192.168.1.7/24").via(default4, "192.168.1.7"),
			join: seeds("10.0.0.9:1", "192.168.1.9:1"), want: "192.168.1.7", why: "of the default route"},
		"seeds both ways, neither by default": {host: on("eth0: 10.0.0.7/24", "eth1: 192.168.1.7/24", "eth2: 203.0.113.5/24").via(default4, "203.0.113.5"),
			join: seeds("10.0.0.9:1", "192.168.1.9:1"), why: "several addresses, 10.0.0.7, 192.168.1.7: give"},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			config := Config{Bind: tt.bind, Cluster: "c", Insecure: true, Join: tt.join, Logger: zerolog.New(&log)}
			if config.Bind == "" {
				config.Bind = "0.0.0.0:7946"
			}
			s, err := config.check()
			if err != nil {
				t.Fatal(err)
			}
			err = s.settleAddress(t.Context(), tt.host.network())
			if tt.want == "" {
				var field *membership.FieldError
				if !errors.As(err, &field) || !strings.Contains(err.Error(), tt.why) || !strings.Contains(err.Error(), "-gossip.advertise") {
					t.Errorf("chose %v, %v, want an error that says %q and names the flag", s.advertise, err, tt.why)
				}
				return
			}
			if err != nil || s.advertise != netip.AddrPortFrom(netip.MustParseAddr(tt.want), 0) {
				t.Errorf("chose %v, %v, want %s", s.advertise, err, tt.want)
			}
			if said := log.String(); !strings.Contains(said, tt.want) || !strings.Contains(said, tt.why) {
				t.Errorf("the log says %s, want %s and %q", said, tt.want, tt.why)
			}
		})
	}
}

// TestAddressByRememberedPeers: without seeds, the peers that a file remembers are where the others are.
func TestAddressByRememberedPeers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "peers")
	if err := peerfile.Write(path, "c", []string{"10.0.0.9:7946"}); err != nil {
		t.Fatal(err)
	}
	s, err := Config{Bind: "0.0.0.0:7946", Cluster: "c", Insecure: true, PeersFile: path}.check()
	if err != nil {
		t.Fatal(err)
	}
	host := on("eth0: 203.0.113.5/24", "eth1: 10.0.0.7/24").via(default4, "203.0.113.5")
	if err := s.settleAddress(t.Context(), host.network()); err != nil || s.advertise.Addr().String() != "10.0.0.7" {
		t.Errorf("chose %v, %v, want the source of the route to the peer", s.advertise, err)
	}
}

// TestAddressWithoutInterfaces: a system that does not list them still has routes.
func TestAddressWithoutInterfaces(t *testing.T) {
	sick := errors.New("sick")
	host := on("eth0: 10.0.0.7/24").network()
	host.interfaces = func() ([]netInterface, error) { return nil, sick }
	s, err := Config{Bind: "0.0.0.0:7946", Cluster: "c", Insecure: true, Join: []string{"10.0.0.9:1"}}.check()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.settleAddress(t.Context(), host); err != nil || s.advertise.Addr().String() != "10.0.0.7" {
		t.Errorf("chose %v, %v, want the source of the route to the seed", s.advertise, err)
	}
	s.advertise, s.Join = netip.AddrPort{}, nil
	if err := s.settleAddress(t.Context(), host); !errors.Is(err, sick) {
		t.Errorf("without seeds: %v, want the system's error", err)
	}
}

// TestAddressIsChosenInTime has the look-up of a seed hang: it costs two seconds, or what the context leaves.
func TestAddressIsChosenInTime(t *testing.T) {
	host := on("eth0: 203.0.113.5/24", "eth1: 10.0.0.7/24").via(default4, "203.0.113.5").network()
	host.lookUp = func(ctx context.Context, _ []string) ([]string, error) {
		<-ctx.Done()
		return nil, context.Cause(ctx)
	}
	synctest.Test(t, func(t *testing.T) {
		s, err := Config{Bind: "0.0.0.0:7946", Cluster: "c", Insecure: true, Join: []string{"slow.example:1"}}.check()
		if err != nil {
			t.Fatal(err)
		}
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begin := time.Now()
		if err := s.settleAddress(short, host); !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) != time.Second {
			t.Errorf("gave up after %v with %v, want the end of the context", time.Since(begin), err)
		}
		begin = time.Now()
		if err := s.settleAddress(t.Context(), host); err != nil || s.advertise.Addr().String() != "203.0.113.5" {
			t.Errorf("chose %v, %v, want that of the default route", s.advertise, err)
		}
		if took := time.Since(begin); took != seedRoutePatience {
			t.Errorf("it took %v, want %v", took, seedRoutePatience)
		}
	})
}

// TestAddressIsNotChosen where the config says it, or a Transport is there: no route is looked up then.
func TestAddressIsNotChosen(t *testing.T) {
	for name, config := range map[string]Config{
		"bound":          {Bind: "10.0.0.7:7946"},
		"advertised":     {Bind: "0.0.0.0:7946", Advertise: "10.0.0.8"},
		"over transport": {Bind: "0.0.0.0:7946", Transport: nowhere{}},
	} {
		t.Run(name, func(t *testing.T) {
			config.Cluster, config.Insecure = "c", true
			s, err := config.check()
			if err != nil {
				t.Fatal(err)
			}
			before := s.advertise
			if err := s.settleAddress(t.Context(), hostNetwork{}); err != nil || s.advertise != before {
				t.Errorf("chose %v, %v", s.advertise, err)
			}
		})
	}
}

// TestSystemNetwork looks at this host, whatever it has: loopback is reached from loopback.
func TestSystemNetwork(t *testing.T) {
	if ip, err := systemNetwork.source(netip.MustParseAddr("127.0.0.1")); err != nil || !ip.IsLoopback() {
		t.Errorf("the source of the route to loopback is %v, %v", ip, err)
	}
	if _, err := systemNetwork.interfaces(); err != nil {
		t.Error(err)
	}
}
