package dnsendpoint

import (
	"errors"
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

// TestServeTCPEndsWithItsListener has a listener end while a client asks on and on: its connection
// ends too, and ServeTCP returns.
func TestServeTCPEndsWithItsListener(t *testing.T) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s, ended := carried(1), make(chan error, 1)
	go func() { ended <- s.ServeTCP(listener) }()
	conn, err := net.Dial("tcp4", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(30 * time.Second))
	for answers := 0; ; answers++ {
		conn.Write(framed(queryOf(uint16(answers), catalogName)))
		if _, err := readFrame(conn); errors.Is(err, net.ErrClosed) || isTimeout(err) {
			t.Fatalf("the connection goes on after %d answers", answers)
		} else if err != nil {
			break
		}
		if answers == 3 {
			listener.Close()
		}
	}
	if err := <-ended; !errors.Is(err, net.ErrClosed) || errors.Is(err, ErrServerClosed) {
		t.Errorf("ServeTCP = %v, want the error of the listener", err)
	}
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// TestReplacedConnectionEndsItsWait has a connection beyond the rate limit be replaced by another.
func TestReplacedConnectionEndsItsWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := carried(1)
		near, far := net.Pipe()
		defer far.Close()
		c := newConnection(s, near, s.closed(), make(chan struct{}))
		c.prefix = netip.MustParsePrefix("192.0.2.0/24")
		c.client.loopback = false
		waited := make(chan bool)
		go func() {
			begun := time.Now()
			goesOn := c.wait()
			waited <- goesOn || time.Since(begun) > 0
		}()
		synctest.Wait()
		c.replace()
		if <-waited {
			t.Error("a connection that was replaced goes on waiting")
		}
	})
}
