package dnsendpoint

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/testcluster"
)

// loopbackTCP serves s on loopback, and returns a function that connects to it.
func loopbackTCP(t *testing.T, s *Server) func() *net.TCPConn {
	t.Helper()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serveWhile(t, s, func() error { return s.ServeTCP(listener) })
	return func() *net.TCPConn {
		conn, err := net.Dial("tcp4", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		conn.SetDeadline(time.Now().Add(time.Minute))
		return conn.(*net.TCPConn)
	}
}

func TestServeTCPAnswersQueriesInARow(t *testing.T) {
	conn := loopbackTCP(t, carried(3))()
	for id := range uint16(5) {
		conn.Write(framed(queryOf(id, catalogName)))
		answer, err := readFrame(conn)
		if err != nil {
			t.Fatal(err)
		}
		checkAnswer(t, answer, id, 3)
	}
}

// TestServeTCPPipelines sends 2,000 queries before it reads, in pieces that no query ends with.
func TestServeTCPPipelines(t *testing.T) {
	conn := loopbackTCP(t, carried(20))()
	const queries = 2000
	var all []byte
	for id := range uint16(queries) {
		all = append(all, framed(queryOf(id, catalogName))...)
	}
	go func() {
		for piece := 1; len(all) > 0; piece += 13 {
			n, _ := conn.Write(all[:min(piece, len(all))])
			all = all[n:]
		}
	}()
	in := bufio.NewReader(conn)
	for id := range uint16(queries) {
		answer, err := readFrame(in)
		if err != nil {
			t.Fatal(err)
		}
		checkAnswer(t, answer, id, 20)
	}
}

func TestServeTCPAnswersAfterHalfClose(t *testing.T) {
	conn := loopbackTCP(t, carried(1000))()
	conn.Write(framed(queryOf(1, catalogName), queryOf(2, catalogName)))
	conn.CloseWrite()
	for id := range uint16(2) {
		answer, err := readFrame(conn)
		if err != nil {
			t.Fatal(err)
		}
		checkAnswer(t, answer, id+1, 1000)
	}
	if _, err := readFrame(conn); err != io.EOF {
		t.Errorf("then the connection has %v, want its end", err)
	}
}

// TestServeTCPEndsAtNonsense holds that a length which no query has ends the connection, after the
// answers to what came before it.
func TestServeTCPEndsAtNonsense(t *testing.T) {
	for name, nonsense := range map[string][]byte{
		"HTTP":         []byte("GET / HTTP/1.1\r\n\r\n"),
		"no length":    {0, 0, 1, 2, 3},
		"half a head":  framed(make([]byte, headerSize-1)),
		"a long query": framed(make([]byte, largestQuery+1)),
	} {
		t.Run(name, func(t *testing.T) {
			conn := loopbackTCP(t, carried(3))()
			conn.Write(append(framed(queryOf(7, catalogName)), nonsense...))
			answer, err := readFrame(conn)
			if err != nil {
				t.Fatal(err)
			}
			checkAnswer(t, answer, 7, 3)
			if answer, err := readFrame(conn); err == nil {
				t.Errorf("nonsense is answered with %x", answer)
			}
		})
	}
}

// virtualTCP runs f with a server on a host of a virtual network, on virtual time.
func virtualTCP(t *testing.T, s *Server, f func(t *testing.T, n *testcluster.Network, dial func(*testcluster.Host) net.Conn)) {
	synctest.Test(t, func(t *testing.T) {
		n := testcluster.NewNetwork(1, testcluster.Link{Latency: time.Millisecond})
		listener, err := n.HostAt(netip.MustParseAddr("10.200.0.1")).Listen(53)
		if err != nil {
			t.Fatal(err)
		}
		serveWhile(t, s, func() error { return s.ServeTCP(listener) })
		f(t, n, func(h *testcluster.Host) net.Conn {
			conn, err := h.DialContext(t.Context(), "tcp", "10.200.0.1:53")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { conn.Close() })
			return conn
		})
	})
}

// endOf returns when the server closes conn, since begin.
func endOf(conn net.Conn, begin time.Time) time.Duration {
	io.Copy(io.Discard, conn)
	return time.Since(begin).Truncate(100 * time.Millisecond)
}

func TestServeTCPClosesIdleConnections(t *testing.T) {
	virtualTCP(t, carried(3), func(t *testing.T, n *testcluster.Network, dial func(*testcluster.Host) net.Conn) {
		host := n.Host()
		begin := time.Now()
		if got := endOf(dial(host), begin); got != idleTimeout {
			t.Errorf("a connection without a query is closed after %v, want %v", got, idleTimeout)
		}
		conn := dial(host)
		for range 5 { // one that is in use lasts
			time.Sleep(idleTimeout - time.Second)
			conn.Write(framed(queryOf(7, catalogName)))
			if _, err := readFrame(conn); err != nil {
				t.Fatal(err)
			}
		}
		begin = time.Now()
		if got := endOf(conn, begin); got != idleTimeout {
			t.Errorf("a connection is closed %v after its last query, want %v", got, idleTimeout)
		}
	})
}

// TestServeTCPBoundsPartsOfQueries sends a byte a second.
func TestServeTCPBoundsPartsOfQueries(t *testing.T) {
	virtualTCP(t, carried(3), func(t *testing.T, n *testcluster.Network, dial func(*testcluster.Host) net.Conn) {
		begin := time.Now()
		conn := dial(n.Host())
		sent := make(chan struct{})
		go func() {
			defer close(sent)
			for _, b := range framed(queryOf(7, catalogName)) {
				if _, err := conn.Write([]byte{b}); err != nil {
					return
				}
				time.Sleep(time.Second)
			}
		}()
		if got := endOf(conn, begin); got != idleTimeout {
			t.Errorf("the connection is closed after %v, want %v", got, idleTimeout)
		}
		<-sent
	})
}

// TestServeTCPGivesUpSlowReaders asks for 20 MB of answers and reads none of them.
func TestServeTCPGivesUpSlowReaders(t *testing.T) {
	virtualTCP(t, carried(1000), func(t *testing.T, n *testcluster.Network, dial func(*testcluster.Host) net.Conn) {
		host := n.Host()
		conn := dial(host)
		begin := time.Now()
		conn.SetWriteDeadline(begin.Add(time.Minute))
		var err error
		for id := uint16(0); id < 1200 && err == nil; id++ {
			_, err = conn.Write(framed(queryOf(id, catalogName)))
		}
		if err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			time.Sleep(2 * idleTimeout)
			_, err = conn.Write(framed(queryOf(7, catalogName)))
		}
		if err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("the connection is open after %v: %v", time.Since(begin), err)
		}
		other := dial(host)
		other.Write(framed(queryOf(7, catalogName)))
		answer, err := readFrame(other)
		if err != nil {
			t.Fatal(err)
		}
		checkAnswer(t, answer, 7, 1000)
	})
}

// TestServeTCPCapsConnections holds that those of many hosts stay open when a network opens too many,
// that its own longest idle ones are closed, and that it is answered on a new one.
func TestServeTCPCapsConnections(t *testing.T) {
	virtualTCP(t, carried(3), func(t *testing.T, n *testcluster.Network, dial func(*testcluster.Host) net.Conn) {
		answered := func(conn net.Conn) bool {
			conn.Write(framed(queryOf(7, catalogName)))
			_, err := readFrame(conn)
			return err == nil
		}
		var others []net.Conn
		for i := range byte(20) {
			conn := dial(n.HostAt(netip.AddrFrom4([4]byte{10, 50, i, 1})))
			others = append(others, conn)
		}
		host := n.Host()
		var first []net.Conn
		for range 2 * mostConnections {
			first = append(first, dial(host))
		}
		time.Sleep(time.Second)
		for i, conn := range others {
			if !answered(conn) {
				t.Errorf("the connection of host %d was closed for those of another network", i)
			}
		}
		open := 0
		for i, conn := range first {
			if answered(conn) {
				open++
			} else if i >= 2*mostConnections-(mostConnections-len(others)) {
				t.Errorf("connection %d of %d was closed before older ones", i, len(first))
			}
		}
		if want := mostConnections - len(others); open != want {
			t.Errorf("%d connections of one network are open, want %d", open, want)
		}
		if !answered(dial(host)) {
			t.Error("a new connection is not answered")
		}
	})
}

// TestServeTCPSlowsDownFloods holds that a network beyond its rate waits, and loses no answer.
func TestServeTCPSlowsDownFloods(t *testing.T) {
	virtualTCP(t, carried(3), func(t *testing.T, n *testcluster.Network, dial func(*testcluster.Host) net.Conn) {
		conn := dial(n.Host())
		const queries = 3 * queryBurst
		begin := time.Now()
		go func() {
			for id := range uint16(queries) {
				conn.Write(framed(queryOf(id, catalogName)))
			}
		}()
		in := bufio.NewReader(conn)
		for id := range uint16(queries) {
			answer, err := readFrame(in)
			if err != nil {
				t.Fatalf("query %d: %v", id, err)
			}
			if id%100 == 0 {
				checkAnswer(t, answer, id, 3)
			}
		}
		least := time.Second * (queries - queryBurst) / queryRate
		if took := time.Since(begin); took < least-10*time.Millisecond || took > least*3/2 {
			t.Errorf("%d queries take %v, want %v", queries, took, least)
		}
	})
}

// brokenListener fails so many times, and then as the listener that it holds.
type brokenListener struct {
	net.Listener
	failures int
}

func (b *brokenListener) Accept() (net.Conn, error) {
	if b.failures--; b.failures >= 0 {
		return nil, errors.New("too many open files")
	}
	return b.Listener.Accept()
}

func TestServeTCPSurvivesAShortage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testcluster.NewNetwork(1, testcluster.Link{})
		listener, err := n.HostAt(netip.MustParseAddr("10.200.0.1")).Listen(53)
		if err != nil {
			t.Fatal(err)
		}
		s := carried(3)
		serveWhile(t, s, func() error { return s.ServeTCP(&brokenListener{listener, mostFailures - 1}) })
		conn, err := n.Host().DialContext(t.Context(), "tcp", "10.200.0.1:53")
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conn.Write(framed(queryOf(7, catalogName)))
		answer, err := readFrame(conn)
		if err != nil {
			t.Fatal(err)
		}
		checkAnswer(t, answer, 7, 3)
	})
}

func TestServeTCPEndsWithABrokenListener(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		listener, err := testcluster.NewNetwork(1, testcluster.Link{}).Host().Listen(53)
		if err != nil {
			t.Fatal(err)
		}
		s := carried(3)
		if err := s.ServeTCP(&brokenListener{listener, 1000}); err == nil || errors.Is(err, ErrServerClosed) {
			t.Errorf("ServeTCP returned %v, want the error of its listener", err)
		}
	})
}
