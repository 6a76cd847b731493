package main

import (
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"
	"sync"

	"github.com/miekg/dns"

	"github.com/grapevine-go/grapevine/membership"
)

// miekgRecords returns the records that answer a question, and their glue. The caller may reorder the slices.
type miekgRecords func(service string, kind uint16) (answer, glue []dns.RR)

// ServeDNS answers with all that fits, in a random order.
func (records miekgRecords) ServeDNS(w dns.ResponseWriter, query *dns.Msg) {
	m := new(dns.Msg).SetReply(query)
	m.Authoritative, m.Compress = true, true
	size := dns.MinMsgSize
	if w.LocalAddr().Network() == "tcp" {
		size = dns.MaxMsgSize
	}
	edns := query.IsEdns0()
	if edns != nil {
		size = max(size, int(edns.UDPSize()))
	}
	question := query.Question[0]
	service, ok := strings.CutSuffix(strings.ToLower(question.Name), ".service."+dnsZone)
	if !ok {
		m.Rcode = dns.RcodeRefused
		w.WriteMsg(m)
		return
	}
	answer, glue := records(service, question.Qtype)
	if len(answer) == 0 {
		m.Rcode = dns.RcodeNameError
		w.WriteMsg(m)
		return
	}
	rand.Shuffle(len(answer), func(i, j int) { answer[i], answer[j] = answer[j], answer[i] })
	m.Answer, m.Extra = answer, glue
	if edns != nil {
		m.SetEdns0(dnsEDNS, false)
	}
	m.Truncate(size)
	w.WriteMsg(m)
}

// miekgEachQuery makes the records for each query.
type miekgEachQuery struct{ view *membership.View }

func (r miekgEachQuery) records(service string, kind uint16) (answer, glue []dns.RR) {
	return miekgRecordsOf(r.view.Snapshot().Available(service), kind)
}

func miekgRecordsOf(instances []membership.Instance, kind uint16) (answer, glue []dns.RR) {
	for _, instance := range instances {
		at, err := netip.ParseAddrPort(instance.Address)
		if err != nil {
			continue
		}
		a := &dns.A{Hdr: dns.RR_Header{Name: dnsName, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: 1}, A: net.IP(at.Addr().AsSlice())}
		if kind == dns.TypeA {
			answer = append(answer, a)
			continue
		}
		a.Hdr.Name = instance.Member + ".node." + dnsZone
		glue = append(glue, a)
		answer = append(answer, &dns.SRV{Hdr: dns.RR_Header{Name: dnsName, Rrtype: dns.TypeSRV, Class: dns.ClassINET, Ttl: 1},
			Weight: membership.DefaultWeight, Port: at.Port(), Target: a.Hdr.Name})
	}
	return answer, glue
}

// miekgPrepared makes the records of a service once for each snapshot.
type miekgPrepared struct {
	view *membership.View

	mu       sync.Mutex
	snapshot *membership.Snapshot // that made is of
	made     map[miekgKey]miekgMade
}

type miekgKey struct {
	service string
	kind    uint16
}

type miekgMade struct{ answer, glue []dns.RR }

func (r *miekgPrepared) records(service string, kind uint16) (answer, glue []dns.RR) {
	now, key := r.view.Snapshot(), miekgKey{service, kind}
	r.mu.Lock()
	if r.snapshot != now {
		r.snapshot, r.made = now, make(map[miekgKey]miekgMade)
	}
	made, ok := r.made[key]
	if !ok {
		made.answer, made.glue = miekgRecordsOf(now.Available(service), kind)
		r.made[key] = made
	}
	r.mu.Unlock()
	return append([]dns.RR(nil), made.answer...), append([]dns.RR(nil), made.glue...)
}
