package dnsendpoint

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestShutdownBeforeServe(t *testing.T) {
	s := carried(3)
	for range 2 {
		if err := s.Shutdown(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	conn, _ := loopbackUDP(t)
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Serve(conn); !errors.Is(err, ErrServerClosed) || !errors.Is(err, net.ErrClosed) {
		t.Errorf("Serve returned %v, want ErrServerClosed", err)
	}
	if err := s.ServeTCP(listener); !errors.Is(err, ErrServerClosed) {
		t.Errorf("ServeTCP returned %v, want ErrServerClosed", err)
	}
	if _, err := conn.Write(nil); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the socket is not closed: %v", err)
	}
	if _, err := listener.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the listener is not closed: %v", err)
	}
}

// stuck is a PacketConn whose writes block until it is closed.
type stuck struct {
	*wire
	writing chan struct{}
}

func (s *stuck) WriteTo([]byte, net.Addr) (int, error) {
	s.writing <- struct{}{}
	<-s.closed
	return 0, net.ErrClosed
}

func TestShutdownWaitsNoLongerThanItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, w := carried(3), &stuck{newWire(), make(chan struct{})}
		ended := make(chan error, 1)
		go func() { ended <- s.Serve(w) }()
		w.send("10.0.0.2:4000", queryOf(7, catalogName))
		<-w.writing
		begin := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := s.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) != time.Second {
			t.Errorf("Shutdown returned %v after %v, want the error of its context after 1s", err, time.Since(begin))
		}
		if err := <-ended; !errors.Is(err, ErrServerClosed) {
			t.Errorf("Serve returned %v", err)
		}
		if err := s.Shutdown(ctx); err != nil {
			t.Errorf("a second Shutdown returned %v", err)
		}
	})
}

// TestShutdownWithoutTime has no time at all: that is no failure where nothing is in flight.
func TestShutdownWithoutTime(t *testing.T) {
	over, cancel := context.WithCancel(t.Context())
	cancel()
	conn, client := loopbackUDP(t)
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s, ended := carried(3), make(chan error, 2)
	go func() { ended <- s.Serve(conn) }()
	go func() { ended <- s.ServeTCP(listener) }()
	idle, err := net.Dial("tcp4", listener.Addr().String()) // it was answered, and stays open
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	for _, conn := range []net.Conn{client, idle} {
		query, read := queryOf(7, catalogName), func() ([]byte, error) { return readFrame(conn) }
		if conn == idle {
			query = framed(query)
		} else {
			read = func() ([]byte, error) {
				answer := make([]byte, largestQuery)
				n, err := conn.Read(answer)
				return answer[:n], err
			}
		}
		if _, err := conn.Write(query); err != nil {
			t.Fatal(err)
		}
		answer, err := read()
		if err != nil {
			t.Fatal(err)
		}
		checkAnswer(t, answer, 7, 3)
	}
	if err := s.Shutdown(over); err != nil {
		t.Errorf("Shutdown = %v, want nil: every query is answered", err)
	}
	for range 2 {
		if err := <-ended; !errors.Is(err, ErrServerClosed) {
			t.Errorf("serve returned %v, want ErrServerClosed", err)
		}
	}
}

// slowCloser is a PacketConn whose Close takes a while.
type slowCloser struct{ *wire }

func (s slowCloser) Close() error {
	time.Sleep(time.Second)
	return s.wire.Close()
}

// TestServeClosesItsSocketBeforeShutdownReturns: the port is free then.
func TestServeClosesItsSocketBeforeShutdownReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, w := carried(1), slowCloser{newWire()}
		ended := make(chan error, 1)
		go func() { ended <- s.Serve(w) }()
		synctest.Wait()
		if err := s.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		if !isClosed(w.closed) {
			t.Error("Shutdown returned before the socket was closed")
		}
		<-ended
	})
}

// slowWriter is a PacketConn whose writes take a while.
type slowWriter struct{ *wire }

func (s slowWriter) WriteTo(b []byte, to net.Addr) (int, error) {
	time.Sleep(time.Second)
	select {
	case <-s.closed:
		return 0, net.ErrClosed
	default:
		return s.wire.WriteTo(b, to)
	}
}

func TestShutdownWaitsForAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, w := carried(3), slowWriter{newWire()}
		ended := make(chan error, 1)
		go func() { ended <- s.Serve(w) }()
		for range packetReaders {
			w.send("10.0.0.2:4000", queryOf(7, catalogName))
		}
		synctest.Wait()
		if err := s.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		if got := len(w.answers); got != packetReaders {
			t.Errorf("%d answers were written before Shutdown returned, want %d", got, packetReaders)
		}
		<-ended
	})
}

// TestShutdownUnderLoad shuts down from several goroutines while clients ask over UDP and TCP. Every
// query that was read is answered: a client of TCP never sees half an answer.
func TestShutdownUnderLoad(t *testing.T) {
	s := carried(100)
	var serving, clients sync.WaitGroup
	conn, _ := loopbackUDP(t)
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	errs := make(chan error, 2)
	serving.Go(func() { errs <- s.Serve(conn) })
	serving.Go(func() { errs <- s.ServeTCP(listener) })
	under := make(chan struct{}, 1000)
	done := make(chan struct{})
	for range 4 {
		udp, err := net.DialUDP("udp4", nil, conn.LocalAddr().(*net.UDPAddr))
		if err != nil {
			t.Fatal(err)
		}
		clients.Go(func() {
			defer udp.Close()
			buf := make([]byte, 4096)
			for !isClosed(done) {
				udp.Write(queryOf(7, catalogName))
				udp.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
				udp.Read(buf)
			}
		})
		tcp, err := net.Dial("tcp4", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		clients.Go(func() { // pipelines, until the server goes
			for {
				if _, err := tcp.Write(framed(queryOf(7, catalogName))); err != nil {
					return
				}
			}
		})
		clients.Go(func() {
			defer tcp.Close()
			in := bufio.NewReader(tcp)
			for first := true; ; first = false {
				answer, err := readFrame(in)
				if err != nil {
					return
				}
				checkAnswer(t, answer, 7, 100)
				if first {
					under <- struct{}{}
				}
			}
		})
	}
	for range 4 {
		<-under
	}
	var ends sync.WaitGroup
	for range 5 {
		ends.Go(func() {
			if err := s.Shutdown(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	ends.Wait()
	serving.Wait()
	close(done)
	clients.Wait()
	for range 2 {
		if err := <-errs; !errors.Is(err, ErrServerClosed) {
			t.Errorf("serve returned %v, want ErrServerClosed", err)
		}
	}
}

// TestShutdownLosesNoAnswer holds that a client gets all answers that the server wrote before its
// end, although more of its queries wait unread.
func TestShutdownLosesNoAnswer(t *testing.T) {
	s := carried(1000)
	conn := loopbackTCP(t, s)()
	go func() {
		for range 500 {
			if _, err := conn.Write(framed(queryOf(7, catalogName))); err != nil {
				return
			}
		}
	}()
	in := bufio.NewReader(conn)
	if _, err := readFrame(in); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Shutdown(context.Background()) }()
	for {
		answer, err := readFrame(in)
		if err != nil {
			if err != io.EOF {
				t.Errorf("the last answer ends with %v, want a whole one", err)
			}
			break
		}
		checkAnswer(t, answer, 7, 1000)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
