package dnsendpoint

import (
	"context"
	"errors"
	"net"
	"syscall"
	"testing"
	"testing/synctest"
)

func TestServeAnswersOverUDP(t *testing.T) {
	s := carried(3)
	server, client := loopbackUDP(t)
	serveWhile(t, s, func() error { return s.Serve(server) })
	checkAnswer(t, ask(t, client, queryOf(7, catalogName)), 7, 3)
}

func TestServeAnswersOnAnyPacketConn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, w := carried(3), newWire()
		serveWhile(t, s, func() error { return s.Serve(w) })
		w.send("10.0.0.2:4000", queryOf(7, catalogName))
		if answer := <-w.answers; answer.peer.String() != "10.0.0.2:4000" {
			t.Errorf("the answer goes to %v", answer.peer)
		} else {
			checkAnswer(t, answer.text, 7, 3)
		}
	})
}

func TestServeSeveralSockets(t *testing.T) {
	s := carried(3)
	for range 3 {
		server, client := loopbackUDP(t)
		serveWhile(t, s, func() error { return s.Serve(server) })
		checkAnswer(t, ask(t, client, queryOf(7, catalogName)), 7, 3)
	}
}

func TestPacketsMakeNoGarbage(t *testing.T) {
	s := carried(10)
	server, client := loopbackUDP(t)
	serveWhile(t, s, func() error { return s.Serve(server) })
	query, buf := queryOf(7, catalogName), make([]byte, 4096)
	ask(t, client, query)
	if allocs := testing.AllocsPerRun(200, func() {
		client.Write(query)
		client.Read(buf)
	}); allocs > 0 {
		t.Errorf("a query over UDP takes %v allocations", allocs)
	}
}

// failing is a PacketConn whose reads fail so many times, and each write.
type failing struct {
	*wire
	err      error
	failures chan struct{}
}

func (f *failing) ReadFrom(b []byte) (int, net.Addr, error) {
	select {
	case <-f.failures:
		return 0, nil, f.err
	default:
		return f.wire.ReadFrom(b)
	}
}

// TestServeSurvivesErrorsOfDatagrams is about ICMP messages: that a client is gone, thousands of
// times, keeps no other from its answer.
func TestServeSurvivesErrorsOfDatagrams(t *testing.T) {
	for _, errno := range []syscall.Errno{syscall.ECONNREFUSED, syscall.EHOSTUNREACH, syscall.EMSGSIZE} {
		t.Run(errno.Error(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := carried(3)
				f := &failing{newWire(), &net.OpError{Op: "read", Err: errno}, make(chan struct{}, 5000)}
				for range cap(f.failures) {
					f.failures <- struct{}{}
				}
				serveWhile(t, s, func() error { return s.Serve(f) })
				f.send("10.0.0.2:4000", queryOf(7, catalogName))
				checkAnswer(t, (<-f.answers).text, 7, 3)
			})
		})
	}
}

// TestServeSurvivesAShortage is about errors of the system that pass, as that it has no memory.
func TestServeSurvivesAShortage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := carried(3)
		f := &failing{newWire(), syscall.ENOMEM, make(chan struct{}, mostFailures-1)}
		for range cap(f.failures) {
			f.failures <- struct{}{}
		}
		serveWhile(t, s, func() error { return s.Serve(f) })
		f.send("10.0.0.2:4000", queryOf(7, catalogName))
		checkAnswer(t, (<-f.answers).text, 7, 3)
	})
}

func TestServeEndsWithABrokenSocket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, w := carried(3), newWire()
		w.broken = syscall.ENOTSOCK
		if err := s.Serve(w); !errors.Is(err, syscall.ENOTSOCK) {
			t.Errorf("Serve returned %v, want %v", err, w.broken)
		}
		if err := s.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
}

func TestServeEndsWithItsSocket(t *testing.T) {
	s := carried(3)
	server, _ := loopbackUDP(t)
	server.Close()
	if err := s.Serve(server); !errors.Is(err, net.ErrClosed) || errors.Is(err, ErrServerClosed) {
		t.Errorf("Serve returned %v, want net.ErrClosed", err)
	}
}
