package dnsendpoint

import (
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

var update = flag.Bool("update", false, "write testdata/packets.txt anew")

const goldenFile = "testdata/packets.txt"

// TestGoldenPackets holds the bytes of each kind of answer. After a change that is meant, run
//
//	go test ./endpoint/dnsendpoint -run TestGoldenPackets -update
//
// and read the difference.
func TestGoldenPackets(t *testing.T) {
	s := serverOf(t, shop()...)
	s.serving(tcpAddr("127.0.0.1:53"))
	var text strings.Builder
	fmt.Fprintln(&text, "# Queries and the responses to them: bytes, then what they say. See golden_test.go.")
	for _, one := range []struct {
		name string
		kind dnsmessage.Type
		size uint16
	}{
		{"CaTalog.service.prod.internal.", dnsmessage.TypeA, 0},
		{"v1.2.0.catalog.service.prod.internal.", dnsmessage.TypeAAAA, 1232},
		{"catalog.service.prod.internal.", dnsmessage.TypeSRV, 1232},
		{"canary.catalog.service.prod.internal.", dnsmessage.TypeTXT, 1232},
		{"v2.catalog.service.prod.internal.", dnsmessage.TypeSVCB, 1232},
		{"v2.catalog.service.prod.internal.", dnsmessage.TypeHTTPS, 1232},
		{"database.service.prod.internal.", dnsmessage.TypeA, 1232},
		{"_services._dns-sd._udp.prod.internal.", dnsmessage.TypePTR, 1232},
		{"_admin._tcp.prod.internal.", dnsmessage.TypePTR, 1232},
		{"_orders.v2._tcp.prod.internal.", dnsmessage.TypePTR, 1232}, // the member's name is one label with a dot
		{"prod.internal.", dnsmessage.TypeSOA, 0},
		{"prod.internal.", dnsmessage.TypeNS, 0},
		{"catalog.service.prod.internal.", typeAny, 0},
		{"nobody.service.prod.internal.", dnsmessage.TypeA, 1232},
		{"catalog.service.prod.internal.", typeOther, 1232},
		{"example.com.", dnsmessage.TypeA, 1232},
	} {
		q := query(one.name, one.kind, one.size)
		response := s.respond(nil, q, here, someDay)
		fmt.Fprintf(&text, "\n%s %s\nquery    %s\nresponse %s\n", one.name, strings.TrimPrefix(one.kind.String(), "Type"), hex.EncodeToString(q), hex.EncodeToString(response))
		readable(&text, response)
	}
	if *update {
		if err := os.WriteFile(goldenFile, []byte(text.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(goldenFile)
	if err != nil {
		t.Fatal(err)
	}
	if text.String() != string(want) {
		t.Errorf("the packets differ from %s:\n%s", goldenFile, text.String())
	}
}

// readable tells what a response says, as far as dnsmessage can parse it.
func readable(text *strings.Builder, response []byte) {
	var p dnsmessage.Parser
	header, err := p.Start(response)
	if err != nil || p.SkipAllQuestions() != nil {
		fmt.Fprintln(text, "  does not parse")
		return
	}
	fmt.Fprintf(text, "  %v, AA %v, TC %v\n", header.RCode, header.Authoritative, header.Truncated)
	for _, section := range []struct {
		name string
		next func() (dnsmessage.Resource, error)
	}{{"answer", p.Answer}, {"authority", p.Authority}, {"additional", p.Additional}} {
		for record, err := section.next(); err != dnsmessage.ErrSectionDone; record, err = section.next() {
			if err != nil {
				fmt.Fprintln(text, "  "+section.name+": the rest has a label with a dot, which dnsmessage does not parse")
				return
			}
			if record.Header.Type == dnsmessage.TypeOPT {
				fmt.Fprintf(text, "  %s: OPT, %d bytes\n", section.name, record.Header.Class)
				continue
			}
			fmt.Fprintf(text, "  %s: %s\n", section.name, line(record))
		}
	}
}
