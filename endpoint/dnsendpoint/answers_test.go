package dnsendpoint

import (
	"strings"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/membership"
	"golang.org/x/net/dns/dnsmessage"
)

const (
	typeCH    dnsmessage.Class = 3
	typeOther dnsmessage.Type  = 62000
)

// TestAnswers holds the records of each type.
func TestAnswers(t *testing.T) {
	soa := "prod.internal. SOA ns.prod.internal. hostmaster.prod.internal. %d 3600 600 86400 1"
	s := serverOf(t, shop()...)
	soa = strings.Replace(soa, "%d", "1007", 1) // 1000 and the version of the snapshot
	for name, tt := range map[string]struct {
		name                     string
		kind                     dnsmessage.Type
		answers, authority, glue []string
	}{
		"SRV": {"v2.catalog.service.prod.internal.", dnsmessage.TypeSRV,
			[]string{"v2.catalog.service.prod.internal. SRV 0 65280 8082 catalog-3.node.prod.internal."}, nil,
			[]string{"catalog-3.node.prod.internal. A 10.0.0.3"}},
		"SRV by weight": {"catalog.service.prod.internal.", dnsmessage.TypeSRV,
			[]string{
				"catalog.service.prod.internal. SRV 0 32640 8080 catalog-1.node.prod.internal.",
				"catalog.service.prod.internal. SRV 0 32640 8082 catalog-3.node.prod.internal.",
				"catalog.service.prod.internal. SRV 0 65280 8081 catalog-2.node.prod.internal.",
			}, nil,
			[]string{
				"catalog-1.node.prod.internal. A 10.0.0.1",
				"catalog-2.node.prod.internal. AAAA fd00::2",
				"catalog-3.node.prod.internal. A 10.0.0.3",
			}},
		"SRV of a member with two addresses": {"orders.v2.service.prod.internal.", dnsmessage.TypeSRV,
			[]string{"orders.v2.service.prod.internal. SRV 0 65280 80 0a000004.addr.prod.internal."}, nil,
			[]string{"0a000004.addr.prod.internal. A 10.0.0.4"}},
		"SRV of a host name": {"database.service.prod.internal.", dnsmessage.TypeSRV,
			[]string{"database.service.prod.internal. SRV 0 65280 5432 db.example.com."}, nil, nil},
		"A of a host name": {"database.service.prod.internal.", dnsmessage.TypeA,
			[]string{"database.service.prod.internal. CNAME db.example.com."}, nil, nil},
		"CNAME": {"database.service.prod.internal.", dnsmessage.TypeCNAME,
			[]string{"database.service.prod.internal. CNAME db.example.com."}, nil, nil},
		"no CNAME": {"orders.service.prod.internal.", dnsmessage.TypeCNAME, nil, []string{soa}, nil},
		"TXT": {"canary.catalog.service.prod.internal.", dnsmessage.TypeTXT,
			[]string{`canary.catalog.service.prod.internal. TXT ["member=catalog-3" "version=v2" "zone=b" "weight=100" ` +
				`"tag=Canary" "tag=eu" "alpn=h2, http/1.1" "owner=shop"]`}, nil, nil},
		"TXT of a member": {"catalog-1.node.prod.internal.", dnsmessage.TypeTXT,
			[]string{`catalog-1.node.prod.internal. TXT ["state=active" "zone=a"]`}, nil, nil},
		"SVCB": {"v1.catalog.service.prod.internal.", dnsmessage.TypeSVCB,
			[]string{"v1.catalog.service.prod.internal. SVCB 1 catalog-1.node.prod.internal. Port=1f90 IPv4Hint=0a000001"}, nil,
			[]string{"catalog-1.node.prod.internal. A 10.0.0.1"}},
		"SVCB of IPv6": {"v1.2.0.catalog.service.prod.internal.", dnsmessage.TypeSVCB,
			[]string{"v1.2.0.catalog.service.prod.internal. SVCB 1 catalog-2.node.prod.internal. " +
				"Port=1f91 IPv6Hint=fd000000000000000000000000000002"}, nil,
			[]string{"catalog-2.node.prod.internal. AAAA fd00::2"}},
		"HTTPS of the one that speaks TLS": {"catalog.service.prod.internal.", dnsmessage.TypeHTTPS,
			[]string{"catalog.service.prod.internal. HTTPS 1 catalog-3.node.prod.internal. " +
				"ALPN=02683208687474702f312e31 Port=1f92 IPv4Hint=0a000003"}, nil,
			[]string{"catalog-3.node.prod.internal. A 10.0.0.3"}},
		"no HTTPS": {"orders.service.prod.internal.", dnsmessage.TypeHTTPS, nil, []string{soa}, nil},
		"types of the zone": {"_services._dns-sd._udp.prod.internal.", dnsmessage.TypePTR,
			[]string{
				"_services._dns-sd._udp.prod.internal. PTR _admin._tcp.prod.internal.",
				"_services._dns-sd._udp.prod.internal. PTR _catalog._tcp.prod.internal.",
				"_services._dns-sd._udp.prod.internal. PTR _database._tcp.prod.internal.",
				"_services._dns-sd._udp.prod.internal. PTR _orders._tcp.prod.internal.",
				"_services._dns-sd._udp.prod.internal. PTR _orders.v2._tcp.prod.internal.",
			}, nil, nil},
		"types below service": {"_services._dns-sd._udp.service.prod.internal.", dnsmessage.TypePTR,
			[]string{
				"_services._dns-sd._udp.service.prod.internal. PTR _admin._tcp.service.prod.internal.",
				"_services._dns-sd._udp.service.prod.internal. PTR _catalog._tcp.service.prod.internal.",
				"_services._dns-sd._udp.service.prod.internal. PTR _database._tcp.service.prod.internal.",
				"_services._dns-sd._udp.service.prod.internal. PTR _orders._tcp.service.prod.internal.",
				"_services._dns-sd._udp.service.prod.internal. PTR _orders.v2._tcp.service.prod.internal.",
			}, nil, nil},
		"instances of a type": {"_admin._tcp.prod.internal.", dnsmessage.TypePTR,
			[]string{"_admin._tcp.prod.internal. PTR catalog-1._admin._tcp.prod.internal."}, nil,
			[]string{
				"catalog-1._admin._tcp.prod.internal. SRV 0 65280 9090 catalog-1.node.prod.internal.",
				`catalog-1._admin._tcp.prod.internal. TXT ["member=catalog-1" "zone=a" "weight=100"]`,
				"catalog-1.node.prod.internal. A 10.0.0.1",
			}},
		"instances of a type by a label": {"v1._catalog._tcp.prod.internal.", dnsmessage.TypePTR,
			[]string{"v1._catalog._tcp.prod.internal. PTR catalog-1._catalog._tcp.prod.internal."}, nil,
			[]string{
				"catalog-1._catalog._tcp.prod.internal. SRV 0 65280 8080 catalog-1.node.prod.internal.",
				`catalog-1._catalog._tcp.prod.internal. TXT ["member=catalog-1" "version=v1" "zone=a" "weight=100" "tag=eu"]`,
				"catalog-1.node.prod.internal. A 10.0.0.1",
			}},
		"SRV of an instance": {"catalog-1._admin._tcp.prod.internal.", dnsmessage.TypeSRV,
			[]string{"catalog-1._admin._tcp.prod.internal. SRV 0 65280 9090 catalog-1.node.prod.internal."}, nil,
			[]string{"catalog-1.node.prod.internal. A 10.0.0.1"}},
		"TXT of an instance": {"catalog-1._admin._tcp.prod.internal.", dnsmessage.TypeTXT,
			[]string{`catalog-1._admin._tcp.prod.internal. TXT ["member=catalog-1" "zone=a" "weight=100"]`}, nil, nil},
		"SOA": {"prod.internal.", dnsmessage.TypeSOA, []string{soa}, nil, nil},
		"NS":  {"prod.internal.", dnsmessage.TypeNS, []string{"prod.internal. NS ns.prod.internal."}, nil, nil},
		"ANY": {"catalog.service.prod.internal.", typeAny,
			[]string{`catalog.service.prod.internal. TYPE13 "\aRFC8482\x00"`}, nil, nil},
		"another type":    {"catalog.service.prod.internal.", typeOther, nil, []string{soa}, nil},
		"nobody offers":   {"users.service.prod.internal.", dnsmessage.TypeSRV, nil, []string{soa}, nil},
		"any of a branch": {"service.prod.internal.", typeAny, nil, []string{soa}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			m := asked(t, s, tt.name, tt.kind)
			checkLines(t, "answer", lines(m.Answers), tt.answers)
			checkLines(t, "authority", lines(m.Authorities), tt.authority)
			checkLines(t, "additional", lines(m.Additionals), tt.glue)
			if !m.Authoritative || m.RecursionAvailable || m.Truncated || !m.RecursionDesired {
				t.Errorf("flags are %+v, want AA and RD alone", m.Header)
			}
			for _, record := range append(m.Answers, m.Authorities...) {
				if record.Header.TTL != 1 {
					t.Errorf("TTL of %s is %d, want 1", line(record), record.Header.TTL)
				}
			}
		})
	}
}

// TestNameServer holds that the zone's name server is at the sockets that serve.
func TestNameServer(t *testing.T) {
	self := offer("self", "", at("admin", "10.0.0.9:80"))
	self.Version++
	s := ready(t, &Server{View: storeOf(self).View(), TTL: time.Minute})
	ask := func() []string { return lines(asked(t, s, "prod.internal.", dnsmessage.TypeNS).Additionals) }
	s.serving(tcpAddr("[::]:53"))
	checkLines(t, "behind a wildcard", ask(), []string{"ns.prod.internal. A 10.0.0.9"})
	s.serving(tcpAddr("127.0.0.1:53"))
	s.serving(tcpAddr("127.0.0.1:53"))
	s.serving(tcpAddr("[fd00::53]:53"))
	checkLines(t, "at two addresses", ask(), []string{"ns.prod.internal. A 127.0.0.1", "ns.prod.internal. AAAA fd00::53"})
	checkLines(t, "by its name", lines(asked(t, s, "ns.prod.internal.", dnsmessage.TypeA).Answers),
		[]string{"ns.prod.internal. A 127.0.0.1"})
}

type tcpAddr string

func (tcpAddr) Network() string  { return "tcp" }
func (a tcpAddr) String() string { return string(a) }

// TestPreferredZone holds that instances of the zone come first, in SRV by priority.
func TestPreferredZone(t *testing.T) {
	s := ready(t, &Server{View: storeOf(shop()...).View(), PreferZone: "a"})
	for range 100 {
		m := asked(t, s, "catalog.service.prod.internal.", dnsmessage.TypeSRV)
		if first := line(m.Answers[0]); first != "catalog.service.prod.internal. SRV 0 32640 8080 catalog-1.node.prod.internal." {
			t.Fatalf("the first is %s", first)
		}
		for _, other := range m.Answers[1:] {
			if got := other.Body.(*dnsmessage.SRVResource).Priority; got != 1 {
				t.Fatalf("priority of %s is %d, want 1", line(other), got)
			}
		}
		if first := line(asked(t, s, "catalog.service.prod.internal.", dnsmessage.TypeA).Answers[0]); !strings.HasSuffix(first, "10.0.0.1") {
			t.Fatalf("the first is %s", first)
		}
	}
}

// TestRanks holds that draining instances are answered where nothing else is left, after the labels.
func TestRanks(t *testing.T) {
	draining := offer("c-2", "b", membership.Service{Name: "catalog", Address: "10.0.0.2:80", Version: "v2"})
	draining.State = membership.Draining
	s := serverOf(t, offer("c-1", "a", at("catalog", "10.0.0.1:80")), draining)
	for name, want := range map[string]string{
		"catalog.service": "10.0.0.1", "v2.catalog.service": "10.0.0.2", "c-2._catalog._tcp": "10.0.0.2", "c-2.node": "10.0.0.2",
	} {
		full := name + ".prod.internal."
		checkLines(t, name, lines(asked(t, s, full, dnsmessage.TypeA).Answers), []string{full + " A " + want})
	}
}

// TestMaxAnswers holds that the rest is left out without TC.
func TestMaxAnswers(t *testing.T) {
	s := ready(t, &Server{View: storeOf(shop()...).View(), MaxAnswers: 2})
	if m := asked(t, s, "catalog.service.prod.internal.", dnsmessage.TypeSRV); len(m.Answers) != 2 || m.Truncated {
		t.Errorf("%d answers, truncated %v, want 2 and no TC", len(m.Answers), m.Truncated)
	}
}

// TestEachAddressOnce holds that instances which share an address are one A, and two SRV.
func TestEachAddressOnce(t *testing.T) {
	s := serverOf(t, offer("c-1", "", at("catalog", "10.0.0.1:80")), offer("c-2", "", at("catalog", "10.0.0.1:81")),
		offer("c-3", "", at("catalog", "10.0.0.1:82"), at("admin", "10.0.0.2:1")), offer("c-4", "", at("catalog", "10.0.0.1:83"), at("admin", "10.0.0.2:2")))
	if m := asked(t, s, "catalog.service.prod.internal.", dnsmessage.TypeA); len(m.Answers) != 1 {
		t.Errorf("%d answers, want 1", len(m.Answers))
	}
	m := asked(t, s, "catalog.service.prod.internal.", dnsmessage.TypeSRV)
	if len(m.Answers) != 4 {
		t.Errorf("%d answers, want 4", len(m.Answers))
	}
	checkLines(t, "glue", lines(m.Additionals), []string{
		"0a000001.addr.prod.internal. A 10.0.0.1", "c-1.node.prod.internal. A 10.0.0.1", "c-2.node.prod.internal. A 10.0.0.1"})
}

// TestLongText holds that a pair which a string cannot hold is left out, and that others stay.
func TestLongText(t *testing.T) {
	long := membership.Service{Name: "catalog", Address: "10.0.0.1:80", Metadata: map[string]string{
		"a": strings.Repeat("x", 253), "b": strings.Repeat("x", 254), "c": "y"}}
	m := asked(t, serverOf(t, offer("c-1", "", long)), "catalog.service.prod.internal.", dnsmessage.TypeTXT)
	text := m.Answers[0].Body.(*dnsmessage.TXTResource).TXT
	if len(text) != 4 || text[2] != "a="+strings.Repeat("x", 253) || text[3] != "c=y" {
		t.Errorf("TXT is %q", text)
	}
}
