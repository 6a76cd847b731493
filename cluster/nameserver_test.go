package cluster_test

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
)

// Types of DNS records, and the answer that a name has none (RFC 1035, RFC 2782).
const (
	typeA    = 1
	typeSRV  = 33
	nxdomain = 3
)

// nameserver answers for names in full, with a dot at their end, over a pipe. The zero value knows none.
type nameserver struct {
	silent bool // it takes questions and answers none

	mu      sync.Mutex
	records map[string]map[uint16][][]byte // by name and type
	serving sync.WaitGroup
}

// install makes the process ask s and nobody else until the test ends.
func (s *nameserver) install(t *testing.T) {
	before := net.DefaultResolver
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		near, far := net.Pipe()
		s.serving.Go(func() { s.serve(far) })
		return near, nil
	}}
	t.Cleanup(func() {
		net.DefaultResolver = before
		s.serving.Wait() // the resolver hangs up after each answer
	})
}

// setSRV replaces the SRV records of name.
func (s *nameserver) setSRV(name string, records ...net.SRV) {
	var data [][]byte
	for _, r := range records {
		var rdata []byte
		for _, number := range []uint16{r.Priority, r.Weight, r.Port} {
			rdata = binary.BigEndian.AppendUint16(rdata, number)
		}
		data = append(data, append(rdata, labels(r.Target)...))
	}
	s.set(name, typeSRV, data)
}

// setA replaces the IPv4 addresses of name.
func (s *nameserver) setA(name string, ips ...netip.Addr) {
	var data [][]byte
	for _, ip := range ips {
		data = append(data, ip.AsSlice())
	}
	s.set(name, typeA, data)
}

func (s *nameserver) set(name string, kind uint16, data [][]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.records == nil {
		s.records = make(map[string]map[uint16][][]byte)
	}
	if s.records[name] == nil {
		s.records[name] = make(map[uint16][][]byte)
	}
	s.records[name][kind] = data
}

func labels(name string) (encoded []byte) {
	for label := range strings.SplitSeq(strings.TrimSuffix(name, "."), ".") {
		if label != "" { // as in the root, "."
			encoded = append(append(encoded, byte(len(label))), label...)
		}
	}
	return append(encoded, 0)
}

// serve answers the questions on one connection, each after its length, as DNS does over TCP (RFC 1035, 4.2.2).
func (s *nameserver) serve(conn net.Conn) {
	defer conn.Close()
	for {
		var size [2]byte
		if _, err := io.ReadFull(conn, size[:]); err != nil {
			return
		}
		question := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := io.ReadFull(conn, question); err != nil {
			return
		}
		if !s.silent {
			answer := s.reply(question)
			conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...))
		}
	}
}

// reply repeats the question and adds the records that were asked for.
func (s *nameserver) reply(question []byte) []byte {
	const header = 12
	end, name := header, ""
	for question[end] != 0 { // the labels of the name
		next := end + 1 + int(question[end])
		name += string(question[end+1:next]) + "."
		end = next
	}
	kind := binary.BigEndian.Uint16(question[end+1:])
	end += 5 // the end of the labels, the type and the class

	s.mu.Lock()
	defer s.mu.Unlock()
	known, ok := s.records[name]
	answer := append([]byte(nil), question[:end]...)
	answer[2], answer[3] = 0x81, 0x80 // a response, recursion available
	if !ok {
		answer[3] |= nxdomain
	}
	copy(answer[4:header], []byte{0, 1, 0, byte(len(known[kind])), 0, 0, 0, 0})
	for _, rdata := range known[kind] {
		answer = append(answer, 0xc0, header, 0, byte(kind), 0, 1, 0, 0, 0, 0) // for the name above, to be kept for 0 s
		answer = append(binary.BigEndian.AppendUint16(answer, uint16(len(rdata))), rdata...)
	}
	return answer
}
