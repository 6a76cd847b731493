package testcluster_test

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/testcluster"
)

// nameserver answers every question for an IPv4 address with its own, over a pipe.
type nameserver struct{ answer atomic.Pointer[netip.Addr] }

// install makes the process ask s and nobody else until the test ends.
func (s *nameserver) install(t *testing.T) {
	before := net.DefaultResolver
	t.Cleanup(func() { net.DefaultResolver = before })
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		near, far := net.Pipe()
		go s.serve(far)
		return near, nil
	}}
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
		answer := s.reply(question)
		conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...))
	}
}

// reply repeats the question and adds an address record where one was asked for.
func (s *nameserver) reply(question []byte) []byte {
	const header, typeA = 12, 1
	end := header
	for question[end] != 0 { // the labels of the name
		end += 1 + int(question[end])
	}
	end += 5 // their end, the type and the class
	answer := append([]byte(nil), question[:end]...)
	answer[2], answer[3] = 0x81, 0x80 // a response, recursion available, no error
	copy(answer[4:header], []byte{0, 1, 0, 0, 0, 0, 0, 0})
	if ip := s.answer.Load(); ip != nil && binary.BigEndian.Uint16(question[end-4:]) == typeA {
		answer[7] = 1                                                           // one answer
		answer = append(answer, 0xc0, header, 0, typeA, 0, 1, 0, 0, 0, 0, 0, 4) // for the name above, to be kept for 0 s
		answer = append(answer, ip.AsSlice()...)
	}
	return answer
}

// TestFault22_DNSChange has a node start with a seed whose name leads nowhere, then to a host that is gone, then to a
// member.
func TestFault22_DNSChange(t *testing.T) {
	var dns nameserver
	dns.install(t)
	net.DefaultResolver.LookupNetIP(t.Context(), "ip", "warm.up.test.") // what package net makes once must not belong to a bubble
	virtual(t, 3, func(t *testing.T, c *testcluster.Cluster) {
		late := c.Run(c.Network.Host(), cluster.Config{Name: "late", Join: []string{"seed.test.:7946"}})
		time.Sleep(20 * time.Second)
		nobody := netip.MustParseAddr("10.9.9.9")
		dns.answer.Store(&nobody)
		time.Sleep(20 * time.Second)
		if listed := names(late.View().Snapshot()); len(listed) != 1 {
			t.Errorf("it lists %v before its seed is there", listed)
		}
		seed := c.Members[1].Host.IP()
		dns.answer.Store(&seed)
		c.AwaitConverged(afterHeal)
		if err := late.Ready(t.Context()); err != nil {
			t.Errorf("Ready: %v", err)
		}
	})
}
