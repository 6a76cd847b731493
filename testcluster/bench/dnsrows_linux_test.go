package main

import (
	"os"
	"testing"
	"time"
)

func smallDNS(t *testing.T) options {
	o := small(t)
	o.coredns = coreDNSNone
	o.dns = dnsEffort{instances: []int{2, 300}, rounds: 1, round: 20 * time.Millisecond, registrations: 3}
	return o
}

func TestDNSHasARow(t *testing.T) {
	o := smallDNS(t)
	rows, err := benchDNS(o)
	if err != nil {
		t.Fatal(err)
	}
	sorted := make(map[int][]Row) // by instances; 0 for those of the cluster
	for _, r := range rows {
		n := r.N
		if r.System == sealed {
			n = 0
		}
		sorted[n] = append(sorted[n], r)
	}
	for n, scenarios := range map[int][]string{2: {"A", "SRV"}, 300: {"A, truncated", "A, TCP", "SRV, truncated", "SRV, TCP"}} {
		wanted := each([]string{dnsOurs, dnsMiekg, dnsMiekgNew}, "/allocated for a query/")
		for _, scenario := range scenarios {
			wanted = append(wanted, each([]string{dnsOurs, dnsMiekg, dnsMiekgNew}, "/CPU of a query/"+scenario,
				"/answer bytes/"+scenario, "/answer records/"+scenario)...)
			wanted = append(wanted, each([]string{dnsOurs, dnsMiekgNew}, "/CPU of a query, / miekg/"+scenario)...)
			wanted = append(wanted, each([]string{dnsOurs, dnsMiekg}, "/CPU of a query, / miekg, each query/"+scenario)...)
		}
		checkRows(t, "dns", sorted[n], wanted)
	}
	checkRows(t, "dns", sorted[0], each([]string{sealed}, "/registration to view/", "/registration to answer/", "/poll of DNS/"))
	for _, m := range dnsMarks(rows) {
		if m.verdict() == "not measured" {
			t.Error(m)
		}
	}
}

func TestProcessTime(t *testing.T) {
	took, err := processTime(os.Getpid())
	own := cpuTime()
	if err != nil || took <= 0 || own < took-took/10 { // getrusage counts in its own steps
		t.Errorf("%v by its clock, %v by getrusage, %v", took, own, err)
	}
	if _, err := processTime(1 << 22); err == nil {
		t.Error("a process that is not there has a time")
	}
}
