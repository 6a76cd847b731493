package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

func TestDNSMarks(t *testing.T) {
	row := func(system, metric, scenario string, n int, samples ...float64) Row {
		return Row{System: system, Metric: metric, Scenario: scenario, N: n}.of(samples...)
	}
	const want = `met              CPU of a query, / miekg, A, n=10, dnsendpoint: 0.50, 0.5 at most
MISSED           CPU of a query, / miekg, each query, SRV, n=10, dnsendpoint: 0.51, 0.5 at most
met              registration to answer / view, p99, n=50, grapevine: 1.20, 1.2 at most
`
	if got := verdicts(dnsMarks([]Row{
		row(dnsOurs, metricOfMiekg, "A", 10, 0.1, 0.5, 0.9), row(dnsOurs, metricOfMiekgNew, "SRV", 10, 0.51), row(dnsFile, metricOfMiekg, "A", 10, 2),
		row(sealed, metricInView, "", 50, 1, 5), row(sealed, metricInAnswer, "", 50, 2, 6),
	})); got != want {
		t.Errorf("marks:\n%swant:\n%s", got, want)
	}
	if got := dnsMarks(nil); len(got) != 1 || got[0].verdict() != "not measured" {
		t.Errorf("marks of nothing: %v", got)
	}
}

// TestWrongDNSAnswersDoNotCount alters a right answer.
func TestWrongDNSAnswersDoNotCount(t *testing.T) {
	few, many := dnsQuestion{dns.TypeSRV, 3, false}, dnsQuestion{dns.TypeSRV, 1000, false}
	for name, tt := range map[string]struct {
		question dnsQuestion
		records  int
		alter    func(*dns.Msg)
		want     string
	}{
		"right":           {few, 3, func(*dns.Msg) {}, ""},
		"missing record":  {few, 2, func(*dns.Msg) {}, "2 records of 3, not truncated"},
		"name error":      {few, 3, func(m *dns.Msg) { m.Rcode = dns.RcodeNameError }, "flags"},
		"a query":         {few, 3, func(m *dns.Msg) { m.Response = false }, "flags"},
		"truncated":       {few, 2, func(m *dns.Msg) { m.Truncated = true }, "truncated to 2 of 3 records"},
		"twice the same":  {few, 3, func(m *dns.Msg) { m.Answer[0] = m.Answer[1] }, "record catalog"},
		"foreign port":    {few, 3, func(m *dns.Msg) { m.Answer[0].(*dns.SRV).Port = 53 }, "record catalog"},
		"without glue":    {few, 3, func(m *dns.Msg) { m.Extra = nil }, "0 records beside the answer"},
		"other type":      {few, 3, func(m *dns.Msg) { m.Answer[0] = m.Extra[0] }, "record catalog"},
		"right, many":     {many, 70, func(m *dns.Msg) { m.Truncated = true }, ""},
		"empty truncated": {many, 0, func(m *dns.Msg) { m.Truncated = true }, "where 3072 to 4096 are due"},
		"too large":       {many, 900, func(m *dns.Msg) { m.Truncated = true }, "where 3072 to 4096 are due"},
	} {
		t.Run(name, func(t *testing.T) {
			m := new(dns.Msg)
			m.SetQuestion(dnsName, dns.TypeSRV)
			m.Response = true
			view := dnsView(tt.question.instances)
			m.Answer, m.Extra = miekgRecordsOf(view.Snapshot().Available(dnsService)[:tt.records], dns.TypeSRV)
			tt.alter(m)
			if m.Compress = true; tt.question == many {
				m.Extra = nil
			}
			response, err := m.Pack()
			if err != nil {
				t.Fatal(err)
			}
			err = tt.question.read(response)
			if tt.want == "" && err != nil || tt.want != "" && !strings.Contains(fmt.Sprint(err), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
	if _, err := few.check(nil); err == nil {
		t.Error("an empty datagram is an answer")
	}
}

// TestALoadEndsWithAWrongAnswer asks a server for another name.
func TestALoadEndsWithAWrongAnswer(t *testing.T) {
	conn, err := net.ListenPacket("udp", loopback.String())
	if err != nil {
		t.Fatal(err)
	}
	server := newMiekg((&miekgPrepared{view: dnsView(4)}).records)
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(conn) }()
	load, err := newDNSLoad(&dnsServer{address: conn.LocalAddr().String()}, dnsQuestion{dns.TypeA, 5, false})
	if err != nil {
		t.Fatal(err)
	}
	defer load.close()
	if _, err := load.run(time.Second); err == nil || !strings.Contains(err.Error(), "4 records of 5") {
		t.Errorf("load: %v", err)
	}
	if err := server.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	<-ended
}

// TestCoreDNSHasTheSameData reads the zone as CoreDNS does, by miekg's parser.
func TestCoreDNSHasTheSameData(t *testing.T) {
	folder := t.TempDir()
	if err := writeCoreDNS(folder, dnsHosts, "127.0.0.1:5300", 3); err != nil {
		t.Fatal(err)
	}
	zone, err := os.Open(filepath.Join(folder, "zone"))
	if err != nil {
		t.Fatal(err)
	}
	defer zone.Close()
	var got []string
	parser := dns.NewZoneParser(zone, "", "zone")
	for record, ok := parser.Next(); ok; record, ok = parser.Next() {
		got = append(got, record.String())
	}
	wanted, glue := miekgRecordsOf(dnsView(3).Snapshot().Available(dnsService), dns.TypeSRV)
	addresses, _ := miekgRecordsOf(dnsView(3).Snapshot().Available(dnsService), dns.TypeA)
	for _, record := range append(append(wanted, glue...), addresses...) {
		if !strings.Contains(strings.Join(got, "\n"), record.String()) {
			t.Errorf("no record %v in %q", record, got)
		}
	}
	if len(got) != 3+9 || parser.Err() != nil {
		t.Errorf("%d records, %v", len(got), parser.Err())
	}
	hosts, err := os.ReadFile(filepath.Join(folder, "hosts"))
	if want := "10.0.0.1 " + dnsName + "\n10.0.0.2 " + dnsName + "\n10.0.0.3 " + dnsName + "\n"; err != nil || string(hosts) != want {
		t.Errorf("hosts %q, %v", hosts, err)
	}
}

// TestDNSRatiosAreOfTheSameRound leaves out a server that has fewer rounds.
func TestDNSRatiosAreOfTheSameRound(t *testing.T) {
	of := func(name string, rounds ...float64) *dnsSubject {
		return &dnsSubject{figures: newFigures("dns", system{name: name}, 10), cpu: map[string][]float64{"A": rounds}}
	}
	all := []*dnsSubject{of(dnsOurs, 1, 9, 2), of(dnsMiekg, 4, 10, 4), of(dnsMiekgNew, 8, 20)}
	for _, s := range all {
		s.compare(all, 10, t.Logf)
	}
	if got := all[0].rows(); len(got) != 1 || got[0].Metric != metricOfMiekg || got[0].P50 != 0.5 || got[0].Max != 0.9 || got[0].Runs != 3 {
		t.Errorf("rows %+v", got)
	}
	if got := append(all[1].rows(), all[2].rows()...); len(got) > 0 {
		t.Errorf("rows %+v of miekg's", got)
	}
}
