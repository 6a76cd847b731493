package transport

import (
	"net"
	"syscall"
	"testing"
	"time"
)

// blackHole is an address on loopback where dials neither succeed nor fail: its queue of connections is full.
func blackHole(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	raw, err := listener.(*net.TCPListener).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	raw.Control(func(fd uintptr) { err = syscall.Listen(int(fd), 0) })
	if err != nil {
		t.Fatal(err)
	}
	for range 8 {
		conn, err := net.DialTimeout("tcp4", listener.Addr().String(), 100*time.Millisecond)
		if err != nil {
			return listener.Addr().String()
		}
		t.Cleanup(func() { conn.Close() })
	}
	t.Skip("skipped: this system's queue of connections does not fill up")
	return ""
}

func TestShutdownEndsADial(t *testing.T) {
	hole, transport := blackHole(t), listenOn(t, "127.0.0.1")
	ended := make(chan error)
	go func() {
		_, err := transport.DialTimeout(hole, time.Hour)
		ended <- err
	}()
	transport.Shutdown()
	if err := <-ended; err == nil {
		t.Error("the dial succeeded")
	}
}
