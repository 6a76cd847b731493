package dnsendpoint

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/membership"
	"golang.org/x/net/dns/dnsmessage"
)

// What the tests of answers share. They ask respond, without a socket.

var (
	here    = source{addr: netip.MustParseAddr("127.0.0.1"), loopback: true}
	away    = source{addr: netip.MustParseAddr("10.9.9.9")}
	stream  = source{addr: netip.MustParseAddr("127.0.0.1"), loopback: true, tcp: true}
	someDay = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
)

// offer is a member that offers services.
func offer(name, zone string, services ...membership.Service) membership.Record {
	return membership.Record{Name: name, Zone: zone, Boot: membership.Boot{Number: 1, ID: 7}, Version: 1, Services: services}
}

func at(name, address string) membership.Service {
	return membership.Service{Name: name, Address: address}
}

// storeOf belongs to the member "self" and knows members.
func storeOf(members ...membership.Record) *membership.Store {
	store := membership.NewStore("self")
	store.Apply(membership.Heard{Record: offer("self", "")})
	for _, m := range members {
		store.Apply(membership.Heard{Record: m}, membership.Up{Name: m.Name, BootID: m.Boot.ID, Address: "10.0.9.9:7946"})
	}
	return store
}

// ready prepares a server whose chance and serial are always the same.
func ready(t testing.TB, s *Server) *Server {
	t.Helper()
	if s.Zone == "" {
		s.Zone = "prod.internal."
	}
	if err := s.setup(); err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	s.serial = 1000
	s.responses.New = func() any { return &response{order: order{random: random}} }
	return s
}

func serverOf(t testing.TB, members ...membership.Record) *Server {
	return ready(t, &Server{View: storeOf(members...).View()})
}

// query is a query for a name, "name TYPE", with EDNS of a size unless that is 0.
func query(name string, kind dnsmessage.Type, size uint16) []byte {
	q := binary.BigEndian.AppendUint16(nil, 0xbeef)
	q = append(q, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0)
	q = append(q, wireName(name)...)
	q = binary.BigEndian.AppendUint16(q, uint16(kind))
	q = append(q, 0, 1)
	if size > 0 {
		q[11] = 1
		q = append(q, 0, 0, 41, byte(size>>8), byte(size), 0, 0, 0, 0, 0, 0)
	}
	return q
}

// wireName puts a name in wire form. A dot behind a backslash is part of a label.
func wireName(name string) []byte {
	var wire []byte
	for _, label := range strings.Split(strings.TrimSuffix(strings.ReplaceAll(name, `\.`, "\x00"), "."), ".") {
		if label != "" {
			wire = append(append(wire, byte(len(label))), strings.ReplaceAll(label, "\x00", ".")...)
		}
	}
	return append(wire, 0)
}

// answerTo asks a server and parses what it responds.
func answerTo(t testing.TB, s *Server, q []byte, from source) dnsmessage.Message {
	t.Helper()
	response := s.respond(nil, q, from, someDay)
	var m dnsmessage.Message
	if err := m.Unpack(plain(response)); err != nil {
		t.Fatalf("the response does not parse: %v\n%x", err, response)
	}
	return m
}

// plain returns a response with "!" for each dot in a label of the question's name: dnsmessage refuses
// to parse dots there.
func plain(response []byte) []byte {
	response = slices.Clone(response)
	for at := headerSize; at < len(response) && response[at] != 0; {
		label := response[at+1 : at+1+int(response[at])]
		copy(label, strings.ReplaceAll(string(label), ".", "!"))
		at += 1 + len(label)
	}
	return response
}

// asked asks for a name over TCP, where all fits.
func asked(t testing.TB, s *Server, name string, kind dnsmessage.Type) dnsmessage.Message {
	t.Helper()
	return answerTo(t, s, query(name, kind, 1232), stream)
}

// lines returns records in ascending order, "owner TYPE data".
func lines(records []dnsmessage.Resource) []string {
	var all []string
	for _, record := range records {
		if record.Header.Type != dnsmessage.TypeOPT {
			all = append(all, line(record))
		}
	}
	slices.Sort(all)
	return all
}

func line(record dnsmessage.Resource) string {
	head := record.Header.Name.String() + " " + strings.TrimPrefix(record.Header.Type.String(), "Type") + " "
	switch body := record.Body.(type) {
	case *dnsmessage.AResource:
		return head + netip.AddrFrom4(body.A).String()
	case *dnsmessage.AAAAResource:
		return head + netip.AddrFrom16(body.AAAA).String()
	case *dnsmessage.SRVResource:
		return head + fmt.Sprintf("%d %d %d %s", body.Priority, body.Weight, body.Port, body.Target)
	case *dnsmessage.TXTResource:
		return head + fmt.Sprintf("%q", body.TXT)
	case *dnsmessage.CNAMEResource:
		return head + body.CNAME.String()
	case *dnsmessage.PTRResource:
		return head + body.PTR.String()
	case *dnsmessage.NSResource:
		return head + body.NS.String()
	case *dnsmessage.SOAResource:
		return head + fmt.Sprintf("%s %s %d %d %d %d %d", body.NS, body.MBox, body.Serial, body.Refresh, body.Retry, body.Expire, body.MinTTL)
	case *dnsmessage.SVCBResource:
		return head + binding(body)
	case *dnsmessage.HTTPSResource:
		return head + binding(&body.SVCBResource)
	case *dnsmessage.UnknownResource:
		return record.Header.Name.String() + fmt.Sprintf(" TYPE%d %q", body.Type, body.Data)
	}
	return head + "?"
}

func binding(body *dnsmessage.SVCBResource) string {
	text := fmt.Sprintf("%d %s", body.Priority, body.Target)
	for _, param := range body.Params {
		text += fmt.Sprintf(" %s=%x", param.Key, param.Value)
	}
	return text
}

func checkLines(t testing.TB, name string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n got %s\nwant %s", name, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}
