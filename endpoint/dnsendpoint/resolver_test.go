package dnsendpoint

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/membership"
)

// resolverFor is Go's own resolver, as programs have it, with listener as its name server. It counts
// the connections of each network.
func resolverFor(listener *Listener) (resolver *net.Resolver, udp, tcp *atomic.Int32) {
	udp, tcp = new(atomic.Int32), new(atomic.Int32)
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		if strings.HasPrefix(network, "tcp") {
			tcp.Add(1)
		} else {
			udp.Add(1)
		}
		return new(net.Dialer).DialContext(ctx, network, listener.Addr().String())
	}}, udp, tcp
}

// mixedStore knows n instances of catalog, of which every fourth has an IPv6 address.
func mixedStore(n int) *membership.Store {
	store := membership.NewStore("me")
	for i := range n {
		ip := netip.AddrFrom4([4]byte{10, 7, byte(i / 250), byte(1 + i%250)})
		if i%4 == 3 {
			ip = netip.MustParseAddr(fmt.Sprintf("fd00::%x", i+1))
		}
		record := membership.Record{
			Name:    fmt.Sprint("catalog-", i+1),
			Boot:    membership.Boot{Number: 1, ID: 7},
			Version: 1,
			Zone:    "eu-1",
			Services: []membership.Service{{Name: "catalog", Address: netip.AddrPortFrom(ip, uint16(8000+i)).String(),
				Version: "v2", Tags: []string{"canary"}}},
		}
		store.Apply(membership.Heard{Record: record}, membership.Up{Name: record.Name, BootID: record.Boot.ID})
	}
	return store
}

// TestResolverOfGo looks all kinds of records up through real sockets: few instances over UDP, many
// over TCP after a truncated answer.
func TestResolverOfGo(t *testing.T) {
	for name, tt := range map[string]struct {
		instances int
		overTCP   bool
	}{"few": {8, false}, "many": {400, true}} {
		t.Run(name, func(t *testing.T) {
			store := mixedStore(tt.instances)
			var addresses, ports []string
			for _, instance := range store.View().Snapshot().Instances("catalog") {
				at := netip.MustParseAddrPort(instance.Address)
				addresses, ports = append(addresses, at.Addr().String()), append(ports, fmt.Sprint(at.Port()))
			}
			listener := served(t, &Config{Addresses: []string{":0"}, Zone: "test.internal."}, store.View())
			resolver, udp, tcp := resolverFor(listener)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			sorted := func(list []string) []string { slices.Sort(list); return list }

			hosts, err := resolver.LookupHost(ctx, catalogName)
			if got, want := sorted(hosts), sorted(addresses); err != nil || !slices.Equal(got, want) {
				t.Errorf("LookupHost: %d of %d addresses, %v", len(got), len(want), err)
			}
			is6 := func(a string) bool { return strings.Contains(a, ":") }
			for network, drop := range map[string]func(string) bool{
				"ip4": is6,
				"ip6": func(a string) bool { return !is6(a) },
			} {
				found, err := resolver.LookupNetIP(ctx, network, catalogName)
				var got []string
				for _, ip := range found {
					got = append(got, ip.String())
				}
				if want := slices.DeleteFunc(slices.Clone(addresses), drop); err != nil || !slices.Equal(sorted(got), want) {
					t.Errorf("LookupNetIP %s: %d of %d addresses, %v", network, len(got), len(want), err)
				}
			}

			_, records, err := resolver.LookupSRV(ctx, "catalog", "tcp", "service.test.internal.")
			var got []string
			for _, record := range records {
				got = append(got, fmt.Sprint(record.Port))
			}
			if !slices.Equal(sorted(got), sorted(ports)) || err != nil {
				t.Errorf("LookupSRV: %d of %d ports, %v", len(got), len(ports), err)
			}
			if len(records) > 0 { // the target of a record is a name with one address
				target, err := resolver.LookupHost(ctx, records[0].Target)
				if err != nil || len(target) != 1 || !slices.Contains(addresses, target[0]) {
					t.Errorf("LookupHost of target %s: %v, %v", records[0].Target, target, err)
				}
			}

			texts, err := resolver.LookupTXT(ctx, catalogName)
			if err != nil || len(texts) == 0 || !slices.ContainsFunc(texts, func(s string) bool { return strings.Contains(s, "version=v2") }) {
				t.Errorf("LookupTXT: %.200q, %v", texts, err)
			}

			_, err = resolver.LookupHost(ctx, "nobody.service.test.internal.")
			if failure, ok := err.(*net.DNSError); !ok || !failure.IsNotFound {
				t.Errorf("a name that nobody offers: %v, want not found", err)
			}
			if udp.Load() == 0 || (tcp.Load() > 0) != tt.overTCP {
				t.Errorf("%d lookups over UDP, %d over TCP", udp.Load(), tcp.Load())
			}
		})
	}
}
