package cluster_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/testcluster"
)

// tarry makes hosts that accept connections and say nothing, from 10.4.0.0 on.
func tarry(t *testing.T, c *testcluster.Cluster, n int) (addresses []string) {
	t.Helper()
	for i := range n {
		host := c.Network.HostAt(netip.AddrFrom4([4]byte{10, 4, byte(i >> 8), byte(i)}))
		addresses = append(addresses, host.Address().String())
		acceptAll(t, host)
	}
	return addresses
}

// TestFault54_TarpitSeeds has one member among 100 seeds that accept connections and say nothing.
func TestFault54_TarpitSeeds(t *testing.T) {
	const tarpits, soon = 100, 2 * time.Second
	for name, tt := range map[string]struct {
		at     int // the position of the member among the tarpits
		config func(seeds []string, member string) cluster.Config
	}{
		"first":         {0, joins},
		"in the middle": {tarpits / 2, joins},
		"last":          {tarpits, joins},
		"of another func": {-1, func(tarpits []string, member string) cluster.Config {
			slow := cluster.SeedFunc(func(context.Context) ([]string, error) { return tarpits, nil })
			return cluster.Config{Join: []string{}, Seeds: []cluster.SeedProvider{slow, cluster.StaticSeeds(member)}}
		}},
		"beside a func that hangs": {-1, func(tarpits []string, member string) cluster.Config {
			hangs := cluster.SeedFunc(func(ctx context.Context) ([]string, error) { <-ctx.Done(); return tarpits, nil })
			return cluster.Config{Join: []string{member}, Seeds: []cluster.SeedProvider{hangs}}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			sealed(t, 2, func(t *testing.T, c *testcluster.Cluster) {
				seeds, member := tarry(t, c, tarpits), c.Members[0].Address()
				if tt.at >= 0 {
					seeds = slices.Insert(seeds, tt.at, member)
				}
				config, dials := tt.config(seeds, member), new(dialGauge)
				host := c.Network.Host()
				config.Name, config.Transport = "new", gauged{host, dials}
				began := time.Now()
				m := c.Run(host, config)
				if err := m.Ready(within(t, soon)); err != nil {
					t.Errorf("Ready = %v", err)
				}
				t.Logf("ready after %v; %d dials at a time", time.Since(began), dials.peak())
				if dials.peak() > mostSeedsDialled {
					t.Errorf("%d dials at a time", dials.peak())
				}
			})
		})
	}
}

func joins(seeds []string, _ string) cluster.Config { return cluster.Config{Join: seeds} }

// TestFault54_TarpitsInDNS has a name, or SRV records, lead to 100 such addresses and one member, and the flag to another.
func TestFault54_TarpitsInDNS(t *testing.T) {
	const tarpits, soon = 100, 2 * time.Second
	t.Run("warm up", func(t *testing.T) { // what package net makes once must not belong to a bubble
		var dns nameserver
		dns.install(t)
		net.DefaultResolver.LookupNetIP(t.Context(), "ip", "warm.up.test.")
	})
	for name, tt := range map[string]struct {
		config func(member string) cluster.Config
		among  bool // the member is among the addresses of the name
	}{
		"a name": {func(string) cluster.Config { return cluster.Config{Join: []string{"pit.test.:7946"}} }, true},
		"SRV":    {func(string) cluster.Config { return srvOnly() }, true},
		"a name, and a flag": {func(m string) cluster.Config {
			return cluster.Config{Join: []string{"pit.test.:7946", m, "pit.test.:7947"}}
		}, false},
		"SRV, and a flag": {func(m string) cluster.Config { c := srvOnly(); c.Join = []string{m}; return c }, false},
		"many names, and a flag": {func(m string) cluster.Config {
			return cluster.Config{Join: append(slices.Repeat([]string{"pit.test.:7946"}, 20), m)}
		}, false},
		"a name of other records": {func(m string) cluster.Config { return cluster.Config{Join: []string{"none.test.:7946", m}} }, false},
	} {
		t.Run(name, func(t *testing.T) {
			sealed(t, 2, func(t *testing.T, c *testcluster.Cluster) {
				var dns nameserver
				dns.install(t)
				var ips []netip.Addr
				var records []net.SRV
				for i, address := range tarry(t, c, tarpits) {
					ips = append(ips, netip.MustParseAddrPort(address).Addr())
					target := fmt.Sprintf("pit%d.test.", i)
					dns.setA(target, ips[i])
					records = append(records, net.SRV{Target: target, Port: 7946})
				}
				if tt.among {
					ips = slices.Insert(ips, tarpits/2, c.Members[1].Host.IP())
					dns.setA("member.test.", c.Members[1].Host.IP())
					records = slices.Insert(records, tarpits/2, net.SRV{Target: "member.test.", Port: 7946})
				}
				dns.setA("pit.test.", ips...)
				dns.setSRV("_gossip._tcp.test.", records...)
				began := time.Now()
				config := tt.config(c.Members[0].Address())
				config.Name = "new"
				m := c.Run(c.Network.Host(), config)
				if err := m.Ready(within(t, soon)); err != nil {
					t.Errorf("Ready = %v", err)
				}
				t.Logf("ready after %v", time.Since(began))
			})
		})
	}
}

func srvOnly() cluster.Config {
	return cluster.Config{Join: []string{}, Seeds: []cluster.SeedProvider{cluster.SRVSeeds("_gossip._tcp.test.")}}
}

// TestFault54_TarpitsFarAway has one member among 100 such seeds, where a handshake takes longer than the share of an address.
func TestFault54_TarpitsFarAway(t *testing.T) {
	for _, latency := range []time.Duration{10, 20, 40, 80} {
		sealedOver(t, testcluster.Link{Latency: latency * time.Millisecond}, func(t *testing.T, c *testcluster.Cluster) {
			member := c.Add()
			seeds := slices.Insert(tarry(t, c, 100), 50, member.Address())
			m := c.Run(c.Network.Host(), cluster.Config{Name: "new", Join: seeds})
			began := time.Now()
			if err := m.Ready(within(t, 20*time.Second)); err != nil {
				t.Errorf("Ready = %v", err)
			}
			t.Logf("latency %v: ready %v after Start", latency*time.Millisecond, time.Since(began))
		})
	}
}

// TestFault54_SeedsThatStall has one honest member among 40 seeds that prove to be members and then exchange nothing.
func TestFault54_SeedsThatStall(t *testing.T) {
	const stalling = 40
	sealedOver(t, normal, func(t *testing.T, c *testcluster.Cluster) {
		secret := cluster.NewSecret()
		member := c.Run(c.Network.Host(), cluster.Config{Name: "m1", Secret: secret})
		var seeds []string
		for i := range stalling {
			host := c.Network.Host()
			defer attacker(t, host, fmt.Sprintf("evil%d@0000000000000001", i), keyringOf(t, secret)).Shutdown()
			seeds = append(seeds, host.Address().String())
		}
		pool := cluster.SeedFunc(func(context.Context) ([]string, error) {
			return slices.Insert(seeds, stalling/2, member.Address()), nil
		})
		began := time.Now()
		m := c.Run(c.Network.Host(), cluster.Config{Name: "new", Secret: secret, Join: []string{}, Seeds: []cluster.SeedProvider{pool}})
		if err := m.Ready(within(t, 3*time.Second)); err != nil {
			t.Errorf("Ready = %v", err)
		}
		t.Logf("ready after %v", time.Since(began))
	})
}
