package dnsendpoint_test

import (
	"strings"
	"testing"
)

// TestDig asks for every type of record that a service, a member and the zone have.
func TestDig(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	d.catalog(2)
	dig := func(args ...string) string {
		return output(t, "dig", append([]string{"@" + d.host(), "-p", d.port(), "+tries=1", "+time=10"}, args...)...)
	}
	short := func(args ...string) string { return dig(append([]string{"+short"}, args...)...) }
	const name = "catalog.service." + zone

	checkLines(t, short(name, "A"), "10.0.0.1", "10.0.0.2")
	checkLines(t, short(name, "AAAA"))
	srv := []string{"0 65280 8001 catalog-1.node." + zone, "0 65280 8002 catalog-2.node." + zone}
	checkLines(t, short(name, "SRV"), srv...)
	checkLines(t, short("_catalog._tcp.service."+zone, "SRV"), srv...)
	checkLines(t, short("v2.canary."+name, "SRV"), srv...)
	checkLines(t, short("canary.v2."+name, "A"), "10.0.0.1", "10.0.0.2")
	checkLines(t, short("catalog-1.node."+zone, "A"), "10.0.0.1")
	checkLines(t, short("_services._dns-sd._udp."+zone, "PTR"), "_catalog._tcp."+zone)
	checkHas(t, dig(name, "SRV"), "ANSWER: 2", "ADDITIONAL: 3", "catalog-1.node."+zone, "10.0.0.2")
	checkHas(t, short(name, "TXT"), `"version=v2"`, `"zone=z1"`, `"weight=100"`, `"tag=canary"`, `"alpn=h2"`)
	for _, kind := range []string{"HTTPS", "SVCB"} {
		checkHas(t, short(name, kind), `alpn="h2"`, "port=8001", "port=8002", "ipv4hint=10.0.0.1")
	}
	checkHas(t, dig("cAtAlOg.SeRvIcE.PrOd.InTeRnAl.", "A"), ";cAtAlOg.SeRvIcE.PrOd.InTeRnAl.", "ANSWER: 2")
	checkHas(t, dig(zone, "SOA"), "status: NOERROR", "ANSWER: 1")
	checkHas(t, dig(zone, "NS"), "ANSWER: 1", "ns."+zone)
	checkHas(t, dig(name, "ANY", "+notcp"), "status: NOERROR", `"RFC8482"`)
	checkHas(t, dig(name, "MX"), "status: NOERROR", "ANSWER: 0", "SOA")
	checkHas(t, dig("nobody.service."+zone, "A"), "status: NXDOMAIN", "SOA")
	checkHas(t, dig("v3."+name, "A"), "status: NXDOMAIN", "SOA")
	checkHas(t, dig("example.com.", "A"), "status: REFUSED")
	checkHas(t, dig(zone, "AXFR"), "failed")
	checkHas(t, dig("+opcode=notify", name), "status: NOTIMP")
}

// TestDigAsksAgainByTCP has more instances than a datagram holds.
func TestDigAsksAgainByTCP(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	d.catalog(200)
	dig := func(args ...string) string {
		return output(t, "dig", append([]string{"@" + d.host(), "-p", d.port(), "+tries=1", "+time=10", "catalog.service." + zone}, args...)...)
	}
	checkHas(t, dig("SRV", "+noedns", "+ignore"), "flags: qr aa tc", "ADDITIONAL: 0")
	checkHas(t, dig("SRV", "+bufsize=1232", "+ignore"), "flags: qr aa tc")
	if whole := dig("SRV", "+noedns"); !strings.Contains(whole, "ANSWER: 200") || !strings.Contains(whole, "(TCP)") {
		t.Errorf("after a truncated answer dig got:\n%s", whole)
	}
	checkHas(t, dig("A", "+bufsize=4096"), "ANSWER: 200", "(UDP)")
	checkHas(t, dig("SRV", "+tcp"), "ANSWER: 200")
}

// TestDigCookies expects a cookie that the server accepts the second time.
func TestDigCookies(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	d.catalog(1)
	args := []string{"@" + d.host(), "-p", d.port(), "+cookie=0102030405060708", "catalog.service." + zone}
	first := output(t, "dig", args...)
	_, rest, found := strings.Cut(first, "COOKIE: ")
	if !found || !strings.Contains(first, "(good)") {
		t.Fatalf("no cookie in:\n%s", first)
	}
	cookie := strings.Fields(rest)[0]
	args[3] = "+cookie=" + cookie
	checkHas(t, output(t, "dig", args...), "(good)", "10.0.0.1")
}

func TestDrill(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	d.catalog(2)
	const name = "catalog.service." + zone
	drill := func(args ...string) string { return output(t, "drill", append([]string{"-p", d.port()}, args...)...) }
	at := "@" + d.host()
	checkHas(t, drill(name, at, "A"), "NOERROR", "10.0.0.1", "10.0.0.2")
	checkHas(t, drill(name, at, "SRV"), "0 65280 8001 catalog-1.node."+zone, "0 65280 8002 catalog-2.node."+zone)
	checkHas(t, drill("-t", name, at, "SRV"), "0 65280 8001 catalog-1.node."+zone)
	checkHas(t, drill(name, at, "TXT"), `"version=v2"`)
	checkHas(t, drill("nobody.service."+zone, at, "A"), "NXDOMAIN", "SOA")
	checkHas(t, drill(zone, at, "SOA"), "NOERROR", "SOA")
}

// TestKdig asks with the flags that resolvers set, and by TCP on one connection.
func TestKdig(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	d.catalog(2)
	kdig := func(args ...string) string {
		return output(t, "kdig", append([]string{"@" + d.host(), "-p", d.port(), "+retry=0", "+time=10"}, args...)...)
	}
	checkHas(t, kdig("catalog.service."+zone, "A"), "10.0.0.1", "10.0.0.2")
	checkHas(t, kdig("catalog.service."+zone, "SVCB"), "port=8001", "port=8002", "alpn=h2")
	checkHas(t, kdig("+dnssec", "+bufsize=512", "catalog.service."+zone, "SRV"), "NOERROR", "0 65280 8001 catalog-1.node."+zone)
	checkHas(t, kdig("+tcp", "+keepopen", "catalog.service."+zone, "A", "nobody.service."+zone, "A"), "10.0.0.1", "NXDOMAIN")
	checkHas(t, kdig("+cookie", "catalog.service."+zone, "A"), "COOKIE", "10.0.0.1")
}

// TestDNSPerf loses no query.
func TestDNSPerf(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	d.catalog(50)
	queries := file(t, "queries", "catalog.service.%s A\ncatalog.service.%[1]s SRV\nv2.catalog.service.%[1]s A\ncatalog-7.node.%[1]s A\n", zone)
	for _, mode := range []string{"udp", "tcp"} {
		printed := output(t, "dnsperf", "-m", mode, "-s", d.host(), "-p", d.port(), "-d", queries, "-n", "1000", "-c", "4", "-q", "20", "-e", "-t", "20")
		checkHas(t, printed, "Queries completed:    4000 (100.00%)", "Queries lost:         0", "NOERROR 4000 (100.00%)")
	}
}
