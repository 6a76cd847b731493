package testcluster_test

import (
	"encoding/json"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/testcluster"
)

// elsewhere is a host that says that it is somewhere else.
type elsewhere struct {
	*testcluster.Host
	advertised netip.AddrPort
}

func (e elsewhere) FinalAdvertiseAddr(string, int) (net.IP, int, error) {
	return e.advertised.Addr().AsSlice(), int(e.advertised.Port()), nil
}

// TestFault8_WrongAdvertise has a member advertise an address where nobody is, or another member: it hears from its peers
// where they see it, and says so, once a minute.
func TestFault8_WrongAdvertise(t *testing.T) {
	for name, insecure := range map[string]bool{"sealed": false, "plain": true} {
		t.Run(name, func(t *testing.T) {
			virtual(t, 3, func(t *testing.T, c *testcluster.Cluster) {
				var log lockedBuffer
				host := c.Network.Host()
				wrong := netip.AddrPortFrom(netip.MustParseAddr("10.99.0.1"), host.Address().Port())
				before := c.Members
				c.Run(host, cluster.Config{Name: "astray", Transport: elsewhere{host, wrong}, Insecure: insecure, Logger: zerolog.New(&log)})
				time.Sleep(50 * time.Second)
				var said []string
				for line := range strings.Lines(log.String()) {
					var fields struct{ Message, Error string }
					if json.Unmarshal([]byte(line), &fields) == nil && strings.Contains(fields.Message, "wrong advertise address") {
						said = append(said, fields.Error)
					}
				}
				if len(said) != 1 || !strings.Contains(said[0], wrong.String()) || !strings.Contains(said[0], host.IP().String()) {
					t.Errorf("it says %q, want one line with %v and %v; all: %s", said, wrong, host.IP(), log.String())
				}
				for _, m := range before {
					if !lists(before...)(m.View().Snapshot()) {
						t.Errorf("%s lost others", m.Name())
					}
				}
			}, testcluster.WithConfig(func(_ int, config *cluster.Config) { config.Insecure = insecure }))
		})
	}
}

// TestFault8_NoFalseAlarm holds that a member whose address works hears nothing of the kind, with datagrams or without.
func TestFault8_NoFalseAlarm(t *testing.T) {
	virtual(t, 3, func(t *testing.T, c *testcluster.Cluster) {
		var log lockedBuffer
		c.Network.SetNormal(testcluster.Link{Latency: time.Millisecond, NoDatagrams: true})
		c.Run(c.Network.Host(), cluster.Config{Name: "fine", Logger: zerolog.New(&log)})
		time.Sleep(50 * time.Second)
		if strings.Contains(log.String(), "advertise") {
			t.Errorf("it says: %s", log.String())
		}
	})
}

// TestSeedIsOneself has the only seed of a member lead to itself, under an address that it does not know for its own.
func TestSeedIsOneself(t *testing.T) {
	virtual(t, 0, func(t *testing.T, c *testcluster.Cluster) {
		host := c.Network.Host()
		advertised := netip.AddrPortFrom(netip.MustParseAddr("10.99.0.1"), host.Address().Port())
		m := c.Run(host, cluster.Config{Name: "alone", Transport: elsewhere{host, advertised}, Join: []string{host.Address().String()}})
		if err := m.Ready(within(t, time.Second)); err != nil {
			t.Errorf("Ready: %v", err)
		}
	})
}
