package cluster_test

import (
	"net/netip"
	"testing"

	"github.com/grapevine-go/grapevine/cluster"
)

func TestFault8_AdvertiseRefused(t *testing.T) {
	loopback, _ := occupied(t)
	for name, advertise := range map[string]string{
		"wildcard":              "0.0.0.0",
		"IPv6 wildcard":         "[::]:7946",
		"wildcard in IPv6 form": "::ffff:0.0.0.0",
		"multicast":             "224.0.0.1:7946",
		"IPv6 multicast":        "ff02::1",
		"broadcast":             "255.255.255.255:7946",
		"host name":             "node.example:7946",
		"no IP":                 ":7946",
		"port too high":         "10.0.0.7:65536",
		"no IP at all":          "10.0.0.256",
		"garbage":               "\x00",
	} {
		t.Run(name, func(t *testing.T) {
			field := refused(t, cluster.Config{Bind: loopback, Advertise: advertise})
			if field.Field != "advertise address" || field.Value != advertise || field.Remedy == "" {
				t.Errorf("refused %q %q with remedy %q", field.Field, field.Value, field.Remedy)
			}
		})
	}
}

func TestAdvertiseAccepted(t *testing.T) {
	for name, tt := range map[string]struct {
		advertise string
		want      string // "" stands for the port that was bound
	}{
		"nothing":         {"", "127.0.0.1:"},
		"IP":              {"10.0.0.7", "10.0.0.7:"},
		"IP and port":     {"10.0.0.7:7946", "10.0.0.7:7946"},
		"IP and port 0":   {"10.0.0.7:0", "10.0.0.7:"},
		"IPv6":            {"fd00::7", "[fd00::7]:"},
		"IPv6 and port":   {"[fd00::7]:7946", "[fd00::7]:7946"},
		"IPv4 within v6":  {"::ffff:10.0.0.7", "10.0.0.7:"},
		"IPv6 in bracket": {"[fd00::7]", "[fd00::7]:"},
	} {
		t.Run(name, func(t *testing.T) {
			node, err := cluster.Start(t.Context(), cluster.Config{Advertise: tt.advertise})
			if err != nil {
				t.Fatal(err)
			}
			defer node.Close()
			got := netip.MustParseAddrPort(node.Address())
			if want, err := netip.ParseAddrPort(tt.want); err == nil && got != want {
				t.Errorf("Address = %v, want %v", got, want)
			}
			if want, err := netip.ParseAddrPort(tt.want + "1"); err == nil && (got.Addr() != want.Addr() || got.Port() == 0) {
				t.Errorf("Address = %v, want %v with the port that was bound", got, want.Addr())
			}
		})
	}
}
