package cluster

import (
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/grapevine-go/grapevine/membership"
)

func TestReachable(t *testing.T) {
	for name, tt := range map[string]struct {
		local string // in CIDR notation, as net.InterfaceAddrs gives them
		only4 bool
		want  string // "" for none
	}{
		"private before public":          {"127.0.0.1/8 203.0.113.9/24 10.0.0.7/8", false, "10.0.0.7"},
		"public when no other":           {"127.0.0.1/8 203.0.113.9/24", false, "203.0.113.9"},
		"any IPv4 before IPv6":           {"fd00::7/64 203.0.113.9/24", false, "203.0.113.9"},
		"private IPv6 before public":     {"2001:db8::7/64 fd00::7/64", false, "fd00::7"},
		"public IPv6 when no other":      {"::1/128 2001:db8::7/64", false, "2001:db8::7"},
		"no guess between equals":        {"192.168.1.7/24 10.0.0.7/8", false, ""},
		"one address twice":              {"10.0.0.7/8 10.0.0.7/16", false, "10.0.0.7"},
		"public beside CGNAT":            {"203.0.113.9/24 100.73.14.171/16", false, ""},
		"public beside Docker":           {"203.0.113.9/24 172.17.0.1/16", false, "203.0.113.9"},
		"CGNAT beside Docker":            {"100.73.14.171/16 172.17.0.1/16", false, "100.73.14.171"},
		"IPv6 beside Docker":             {"2001:db8::7/64 172.17.0.1/16", false, "2001:db8::7"},
		"IPv6 beside Docker, for IPv4":   {"2001:db8::7/64 172.17.0.1/16", true, ""},
		"public beside another bridge":   {"203.0.113.9/24 192.168.122.1/24", false, "203.0.113.9"},
		"public beside a bridge of IPv6": {"2001:db8::7/64 fd00:dead:beef::1/48", false, "2001:db8::7"},
		"private beside a bridge":        {"10.88.0.1/16 192.168.1.7/24", false, "192.168.1.7"},
		"Docker alone":                   {"127.0.0.1/8 172.17.0.1/16", false, ""},
		"Docker among equals":            {"172.17.0.1/16 192.168.1.7/24 10.0.0.7/8", false, ""},
		"a router alone":                 {"10.0.0.1/24", false, "10.0.0.1"},
		"no IPv6 for an IPv4 listener":   {"fd00::7/64", true, ""},
		"link-local is of no use":        {"169.254.1.1/16 fe80::1/64", false, ""},
		"loopback is of no use":          {"127.0.0.1/8 ::1/128", false, ""},
		"none":                           {"", false, ""},
		"what cannot be read is skipped": {"eth0 10.0.0.7/8", false, "10.0.0.7"},
	} {
		t.Run(name, func(t *testing.T) {
			var local []net.Addr
			for addr := range strings.FieldsSeq(tt.local) {
				local = append(local, textAddr(addr))
			}
			got, ok := reachable(local, tt.only4)
			want, err := netip.ParseAddr(tt.want)
			if ok != (err == nil) || got != want {
				t.Errorf("reachable(%s) = %v, %v, want %q", tt.local, got, ok, tt.want)
			}
		})
	}
}

type textAddr string

func (a textAddr) Network() string { return "ip+net" }
func (a textAddr) String() string  { return string(a) }

func TestAdvertisedByDefault(t *testing.T) {
	for name, tt := range map[string]struct{ bind, advertise, want string }{
		"as bound":              {"10.0.0.7:7946", "", "10.0.0.7:0"},
		"as bound, IPv6":        {"[fd00::7]:7946", "", "[fd00::7]:0"},
		"as bound, v4 in v6":    {"[::ffff:10.0.0.7]:7946", "", "10.0.0.7:0"},
		"as said":               {"0.0.0.0:7946", "10.0.0.7:1", "10.0.0.7:1"},
		"as said, without port": {"0.0.0.0:7946", "10.0.0.7", "10.0.0.7:0"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := Config{Bind: tt.bind, Advertise: tt.advertise, Cluster: "c", Insecure: true}.check()
			if err != nil {
				t.Fatal(err)
			}
			if got, err := s.advertised(); err != nil || got != netip.MustParseAddrPort(tt.want) {
				t.Errorf("advertised = %v, %v, want %s", got, err, tt.want)
			}
		})
	}
	s, err := Config{Bind: "[::ffff:0.0.0.0]:7946", Cluster: "c", Insecure: true}.check()
	if err != nil || !s.bind.Addr().IsUnspecified() {
		t.Errorf("the wildcard in another form is bound as %v, %v", s.bind, err)
	}
}

func TestDefaultNameIsValid(t *testing.T) {
	for _, host := range []string{"", "catalog-1", "Catalog.Example.COM", "kühler", "_", "-a", "a b", strings.Repeat("h", 300)} {
		if name := nameOn(host); membership.CheckName("", name) != nil {
			t.Errorf("nameOn(%q) = %q, which is no name", host, name)
		}
	}
	if got := nameOn("Catalog-1.example.com"); !strings.HasPrefix(got, "catalog-1-") {
		t.Errorf("nameOn = %q, want the host's name in it", got)
	}
	if a, b := nameOn("h"), nameOn("h"); a == b {
		t.Errorf("two processes on one host are both called %q", a)
	}
}
