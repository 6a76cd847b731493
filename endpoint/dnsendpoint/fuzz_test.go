package dnsendpoint

import (
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// FuzzRespond holds for whatever arrives that the response, if any, is one that parses, repeats the
// ID, is not larger than allowed, and that a source which proved nothing gets no more than allowed.
func FuzzRespond(f *testing.F) {
	s := serverOf(f, append(shop(), many(100)...)...)
	for _, name := range []string{"catalog.service", "v2.canary.catalog.service", "_catalog._tcp.service", "catalog-1.node",
		"_services._dns-sd._udp", "0a000001.addr", "", "nobody", `two\.addresses._orders.v2._tcp`, "database.service"} {
		for _, kind := range []dnsmessage.Type{dnsmessage.TypeA, dnsmessage.TypeSRV, dnsmessage.TypeTXT, dnsmessage.TypePTR,
			dnsmessage.TypeSOA, dnsmessage.TypeSVCB, typeAny} {
			f.Add(query(name+".prod.internal.", kind, 0))
			cookie := query(name+".prod.internal.", kind, 1232)
			cookie[len(cookie)-1] = 12
			f.Add(append(cookie, 0, optionCookie, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8))
		}
	}
	f.Fuzz(func(t *testing.T, q []byte) {
		for _, from := range []source{here, away, stream} {
			response := s.respond(nil, q, from, someDay)
			if len(response) == 0 {
				continue
			}
			most := map[source]int{here: loopbackSize, away: min(remoteSize, max(amplification*len(q), len(q))), stream: streamSize}[from]
			if len(response) > most {
				t.Fatalf("%d bytes for %d from %v", len(response), len(q), from)
			}
			if response[0] != q[0] || response[1] != q[1] || response[2]&0x80 == 0 {
				t.Fatalf("header is %x for %x", response[:headerSize], q[:headerSize])
			}
			checkParses(t, response)
		}
	})
}

// checkParses reads a response to its end. dnsmessage refuses dots in labels, so it is read here.
func checkParses(t *testing.T, response []byte) {
	t.Helper()
	r := reader{msg: response, at: headerSize}
	for range r.header(4) {
		r.skipName()
		r.take(questionTail)
	}
	records := int(r.header(6)) + int(r.header(8)) + int(r.header(10))
	for range records {
		r.record()
	}
	if r.failed || r.at != len(response) {
		t.Fatalf("the response does not parse: %x", response)
	}
}
