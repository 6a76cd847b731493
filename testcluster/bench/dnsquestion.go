package main

import (
	"encoding/binary"
	"fmt"

	"github.com/miekg/dns"
)

const (
	dnsZone    = "bench.internal."
	dnsService = "catalog"
	dnsName    = dnsService + ".service." + dnsZone
	dnsEDNS    = 4096 // bytes that a client takes in a datagram

	mostByDatagram = 50 // instances whose answers a datagram of dnsEDNS bytes holds
)

// dnsQuestion is a question that is put again and again.
type dnsQuestion struct {
	kind      uint16 // dns.TypeA or dns.TypeSRV
	instances int
	tcp       bool
}

// dnsQuestions also go by TCP where a datagram does not hold the answer.
func dnsQuestions(instances int) (questions []dnsQuestion) {
	for _, kind := range []uint16{dns.TypeA, dns.TypeSRV} {
		questions = append(questions, dnsQuestion{kind, instances, false})
		if instances > mostByDatagram {
			questions = append(questions, dnsQuestion{kind, instances, true})
		}
	}
	return questions
}

func (q dnsQuestion) String() string {
	name := dns.TypeToString[q.kind]
	switch {
	case q.tcp:
		return name + ", TCP"
	case q.instances > mostByDatagram:
		return name + ", truncated"
	}
	return name
}

// packet is the query, with the length in front where it goes by TCP.
func (q dnsQuestion) packet(id uint16) ([]byte, error) {
	m := new(dns.Msg)
	m.SetQuestion(dnsName, q.kind)
	m.Id, m.RecursionDesired = id, false
	m.SetEdns0(dnsEDNS, false)
	packed, err := m.Pack()
	if err != nil || !q.tcp {
		return packed, err
	}
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(packed))), packed...), nil
}

func (q dnsQuestion) wrong(format string, args ...any) error {
	return fmt.Errorf("wrong answer: "+format, args...)
}

// leastTruncated is how full a truncated answer must be, so that no server wins by an empty one.
const leastTruncated = dnsEDNS * 3 / 4

// mostOfGlue is how long the address record of a target may be. Where there is room for one more, none may lack.
const mostOfGlue = 64

// check counts the answers of a response, and looks at its header and its length.
func (q dnsQuestion) check(response []byte) (records int, err error) {
	if len(response) < 12 {
		return 0, q.wrong("%d bytes", len(response))
	}
	flags := binary.BigEndian.Uint16(response[2:])
	if response[2]&0x80 == 0 || flags&0xf != dns.RcodeSuccess {
		return 0, q.wrong("flags %04x", flags)
	}
	records = int(binary.BigEndian.Uint16(response[6:]))
	truncated := response[2]&0x02 != 0
	switch {
	case truncated && records < q.instances && (q.tcp || q.instances <= mostByDatagram):
		return 0, q.wrong("truncated to %d of %d records, %d bytes", records, q.instances, len(response))
	case truncated && !q.tcp && (len(response) < leastTruncated || len(response) > dnsEDNS):
		return 0, q.wrong("truncated to %d bytes, where %d to %d are due", len(response), leastTruncated, dnsEDNS)
	case !truncated && records != q.instances:
		return 0, q.wrong("%d records of %d, not truncated", records, q.instances)
	}
	return records, nil
}

// read checks all of a response: each record is of an instance, and none comes twice.
func (q dnsQuestion) read(response []byte) error {
	var m dns.Msg
	if err := m.Unpack(response); err != nil {
		return q.wrong("%w", err)
	}
	seen := make(map[int]bool)
	for _, record := range m.Answer {
		number := 0
		switch r := record.(type) {
		case *dns.A:
			if ip := r.A.To4(); ip != nil {
				number = int(binary.BigEndian.Uint32(ip)) - firstDNSAddress
			}
		case *dns.SRV:
			number = int(r.Port) - firstDNSPort
		}
		if record.Header().Rrtype != q.kind || seen[number] || number < 1 || number > q.instances {
			return q.wrong("record %v", record)
		}
		seen[number] = true
	}
	records, err := q.check(response)
	if err == nil && records != len(seen) {
		return q.wrong("%d of %d records", len(seen), records)
	}
	if err != nil {
		return err
	}
	glue := len(m.Extra)
	room := q.instances <= mostByDatagram && len(response) < dnsEDNS-mostOfGlue
	if q.kind == dns.TypeSRV && glue < q.instances && room {
		return q.wrong("%d records beside the answer, where each instance has an address", glue)
	}
	return nil
}
