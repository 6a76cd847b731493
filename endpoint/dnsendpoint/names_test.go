package dnsendpoint

import (
	"slices"
	"strings"
	"testing"

	"github.com/grapevine-go/grapevine/membership"
	"golang.org/x/net/dns/dnsmessage"
)

// shop is a cluster with a bit of each.
func shop() []membership.Record {
	service := func(address, version string, weight int, tags ...string) membership.Service {
		return membership.Service{Name: "catalog", Address: address, Version: version, Weight: weight, Tags: tags}
	}
	canary := service("10.0.0.3:8082", "v2", 100, "Canary", "eu")
	canary.Metadata = map[string]string{"alpn": "h2, http/1.1", "owner": "shop"}
	return []membership.Record{
		offer("catalog-1", "a", service("10.0.0.1:8080", "v1", 100, "eu"), at("admin", "10.0.0.1:9090")),
		offer("catalog-2", "b", service("[fd00::2]:8081", "v1.2.0", 200)),
		offer("catalog-3", "b", canary),
		offer("two.addresses", "b", at("orders.v2", "10.0.0.4:80"), at("orders", "10.0.0.5:80")),
		offer("named", "a", at("database", "db.example.com:5432")),
	}
}

// TestNames asks for A and AAAA of each form of a name. Nothing else but the kind of the name
// decides what is found.
func TestNames(t *testing.T) {
	const (
		nobody = "NXDOMAIN"
		noData = "NODATA"
		one    = "10.0.0.1"
		two    = "fd00::2"
		three  = "10.0.0.3"
	)
	s := serverOf(t, shop()...)
	for name, want := range map[string]string{
		"catalog.service":                       one + " " + three + " " + two,
		"CaTaLoG.sErViCe":                       one + " " + three + " " + two,
		"_catalog._tcp.service":                 one + " " + three + " " + two,
		"_catalog._udp.service":                 one + " " + three + " " + two,
		"_catalog._tcp":                         one + " " + three + " " + two,
		"v2.catalog.service":                    three,
		"v2.canary.catalog.service":             three,
		"canary.v2.catalog.service":             three,
		"canary.v2.b.catalog.service":           three,
		"canary.zone-b.v2.eu.catalog.service":   three,
		"eu.catalog.service":                    one + " " + three,
		"v1.2.0.catalog.service":                two,
		"zone-b.v1.2.0.catalog.service":         two,
		"v2._catalog._tcp.service":              three,
		"v2.canary._catalog._tcp.service":       three,
		"catalog-2._catalog._tcp":               two,
		"catalog-2._catalog._tcp.service":       two,
		"a.catalog.service":                     one,
		"zone-c.catalog.service":                nobody,
		"v2.a.catalog.service":                  nobody,
		"v3.catalog.service":                    nobody,
		"canary.canary.catalog.service":         three,
		"2.0.catalog.service":                   noData, // of v1.2.0
		"0.catalog.service":                     noData,
		"0.b.catalog.service":                   noData,
		"0.a.catalog.service":                   nobody,
		"catalog-1.node":                        one,
		"two.addresses.node":                    "10.0.0.4 10.0.0.5",
		"addresses.node":                        noData,
		"self.node":                             noData,
		"catalog-9.node":                        nobody,
		"a.catalog-1.node":                      nobody,
		"0a000004.addr":                         "10.0.0.4",
		"fd000000000000000000000000000002.addr": two,
		"0a00000.addr":                          nobody,
		"0a00000g.addr":                         nobody,
		"00000000000000000000ffff0a000001.addr": nobody, // it is an IPv4 address
		"orders.service":                        "10.0.0.5",
		"orders.v2.service":                     "10.0.0.4",
		`orders\.v2.service`:                    "10.0.0.4",
		"b.orders.v2.service":                   "10.0.0.4",
		"v2.service":                            noData,
		"v3.service":                            nobody,
		"_orders.v2._tcp.service":               "10.0.0.4",
		"v2._tcp.service":                       noData,
		`two\.addresses._orders.v2._tcp`:        "10.0.0.4",
		"orders._tcp.service":                   nobody,
		"_nobody._tcp.service":                  nobody,
		"nobody.service":                        nobody,
		"nobody":                                nobody,
		"service":                               noData,
		"node":                                  noData,
		"addr":                                  noData,
		"_tcp":                                  noData,
		"_udp.service":                          noData,
		"_dns-sd._udp":                          noData,
		"_services._dns-sd._udp":                noData,
		"_dns-sd._tcp":                          nobody,
		"a.service.service":                     nobody,
		"":                                      noData,
		"ns":                                    noData,
		"a.ns":                                  nobody,
	} {
		t.Run(name, func(t *testing.T) {
			full := strings.TrimPrefix(name+".prod.internal.", ".")
			var got []string
			var code dnsmessage.RCode
			for _, kind := range []dnsmessage.Type{dnsmessage.TypeA, dnsmessage.TypeAAAA} {
				m := asked(t, s, full, kind)
				code = m.RCode
				for _, l := range lines(m.Answers) {
					fields := strings.Fields(l)
					got = append(got, fields[2])
				}
				if soa := len(m.Authorities) == 1; soa != (len(m.Answers) == 0) {
					t.Errorf("%v: %d answers, SOA %v", kind, len(m.Answers), soa)
				}
			}
			text := strings.Join(slices.Sorted(slices.Values(got)), " ")
			if text == "" && code == dnsmessage.RCodeNameError {
				text = nobody
			} else if text == "" && code == dnsmessage.RCodeSuccess {
				text = noData
			}
			if text != want {
				t.Errorf("got %s, want %s", text, want)
			}
		})
	}
}
