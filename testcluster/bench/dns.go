package main

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
)

// The DNS servers that are compared.
const (
	dnsOurs     = "dnsendpoint"
	dnsMiekg    = "miekg"             // on github.com/miekg/dns: it makes its records once for each snapshot
	dnsMiekgNew = "miekg, each query" // it makes its records for each query, as most handlers do
	dnsHosts    = "coredns hosts"
	dnsFile     = "coredns file"

	metricQuery      = "CPU of a query" // of the server
	metricOfMiekg    = metricQuery + ", / " + dnsMiekg
	metricOfMiekgNew = metricQuery + ", / " + dnsMiekgNew
	metricAnswer     = "answer bytes"
	metricRecords    = "answer records"
	metricAllocated  = "allocated for a query" // bytes, on average over all questions

	mostOfMiekg = 0.5
)

// dnsEffort is how much of DNS is measured.
type dnsEffort struct {
	instances     []int
	rounds        int           // for each run; the servers take turns in each
	round         time.Duration // of load on one server
	warmUp        time.Duration // before each round
	registrations int           // that a DNS client waits for, in a run
	between       time.Duration // two of those, on average
}

var fullDNSEffort = dnsEffort{instances: []int{10, 50, 1000}, rounds: 5, round: 400 * time.Millisecond,
	warmUp: 100 * time.Millisecond, registrations: 200, between: 60 * time.Millisecond}

// benchDNS measures what a query costs each server, then how soon a registration is answered.
func benchDNS(o options) ([]Row, error) {
	program, remove, err := findCoreDNS(o)
	defer remove()
	rows, failed := benchDNSQueries(o, program)
	err = errors.Join(err, failed)
	fresh, failed := benchDNSFresh(o)
	return append(rows, fresh...), errors.Join(err, failed)
}

// benchDNSQueries leaves CoreDNS out where program is "".
func benchDNSQueries(o options, program string) (rows []Row, err error) {
	for _, n := range o.dns.instances {
		some, failed := dnsQueriesOf(o, program, n)
		rows, err = append(rows, some...), errors.Join(err, failed)
	}
	return rows, err
}

// dnsSubject is a server that is measured, and what was found.
type dnsSubject struct {
	*figures
	server  *dnsServer
	queries int
	cpu     map[string][]float64 // µs of a query in each round, by scenario
}

func dnsQueriesOf(o options, program string, n int) (rows []Row, err error) {
	servers, err := startDNSServers(program, n)
	var subjects []*dnsSubject
	for _, server := range servers {
		defer server.stop()
		subjects = append(subjects, &dnsSubject{figures: newFigures("dns", system{name: server.name}, n), server: server,
			cpu: make(map[string][]float64)})
	}
	if err != nil {
		return nil, err
	}
	for round := range o.runs * o.dns.rounds {
		for _, q := range dnsQuestions(n) {
			for i := range subjects { // another one begins each round
				s := subjects[(i+round)%len(subjects)]
				if s.err == nil && s.server.answers(q) {
					s.err = s.measure(o.dns, q)
				}
			}
		}
	}
	for _, s := range subjects {
		s.err = errors.Join(s.err, s.allocated())
		s.compare(subjects, n, o.say)
		rows = append(rows, s.rows()...)
		if s.err != nil {
			err = errors.Join(err, fmt.Errorf("%s, n=%d: %w", s.name, n, s.err))
		}
	}
	return rows, err
}

// measure puts load on the server, and takes what its process has had of the processors.
func (s *dnsSubject) measure(e dnsEffort, q dnsQuestion) error {
	load, err := newDNSLoad(s.server, q)
	if err != nil {
		return err
	}
	defer load.close()
	warm, err := load.run(e.warmUp)
	if err != nil {
		return fmt.Errorf("%s: %w", q, err)
	}
	before, err1 := s.server.cpuTime()
	hot, err2 := load.run(e.round)
	after, err3 := s.server.cpuTime()
	if err := errors.Join(err1, err2, err3); err != nil {
		return fmt.Errorf("%s: %w", q, err)
	}
	s.queries += warm.queries + hot.queries
	cost := float64(after-before) / float64(time.Microsecond) / float64(hot.queries)
	s.cpu[q.String()] = append(s.cpu[q.String()], cost)
	s.addIn(q.String(), metricQuery, "µs", cost)
	s.addIn(q.String(), metricAnswer, "bytes", float64(hot.bytes)/float64(hot.queries))
	s.addIn(q.String(), metricRecords, "count", float64(hot.records)/float64(hot.queries))
	return nil
}

// compare adds the ratios to the rounds of miekg's, each to that of the same round.
func (s *dnsSubject) compare(all []*dnsSubject, n int, say func(string, ...any)) {
	for _, q := range dnsQuestions(n) {
		for _, rival := range []string{dnsMiekg, dnsMiekgNew} {
			i := slices.IndexFunc(all, func(other *dnsSubject) bool { return other.name == rival })
			own, theirs := s.cpu[q.String()], all[i].cpu[q.String()]
			if s.name == rival || len(own) == 0 || len(own) != len(theirs) {
				continue
			}
			var ratios []float64
			for round := range own {
				ratios = append(ratios, own[round]/theirs[round])
			}
			s.addIn(q.String(), metricQuery+", / "+rival, "ratio", ratios...)
			say("dns: n=%d, %s, %s, CPU of a query beside %s: %.2f, in its rounds %.2f to %.2f", n, q, s.name, rival,
				percentile(ratios, 50), slices.Min(ratios), slices.Max(ratios))
		}
	}
}

// dnsMarks hold the median of our rounds against half of miekg's, and the answer against the view.
func dnsMarks(rows []Row) (marks []mark) {
	for _, r := range rows {
		if r.System == dnsOurs && (r.Metric == metricOfMiekg || r.Metric == metricOfMiekgNew) {
			marks = append(marks, mark{fmt.Sprintf("%s, %s, n=%d, %s", r.Metric, r.Scenario, r.N, r.System), r.P50, mostOfMiekg})
		}
	}
	if marks == nil {
		marks = append(marks, mark{metricOfMiekg + ", " + dnsOurs, math.NaN(), mostOfMiekg})
	}
	return append(marks, dnsFreshMarks(rows)...)
}
