package transport

import (
	"bytes"
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"github.com/grapevine-go/grapevine/cluster/internal/seldom"
)

func TestSocketsShutdown(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	here, there := listenOn(t, "127.0.0.1"), listenOn(t, "127.0.0.1")
	near, err := here.DialTimeout(at(there, "127.0.0.1"), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	far := <-there.StreamCh()
	if _, err := here.WriteTo([]byte("nobody reads this"), at(there, "127.0.0.1")); err != nil {
		t.Fatal(err)
	}
	unread, err := net.Dial("tcp", at(there, "127.0.0.1")) // nor takes this
	if err != nil {
		t.Fatal(err)
	}
	defer unread.Close()

	ended := make(chan error, 2)
	for _, conn := range []net.Conn{near, far} {
		go func() {
			_, err := conn.Read(make([]byte, 1))
			ended <- err
		}()
	}
	for _, transport := range []*sockets{here, there, here, there} {
		if err := transport.Shutdown(); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
	}
	for range 2 {
		if err := <-ended; err == nil {
			t.Error("a stream is open after Shutdown")
		}
	}
	again, err := listen(there.advertise, there.advertise, zerolog.Nop())
	if err != nil {
		t.Fatalf("the port is not free after Shutdown: %v", err)
	}
	again.Shutdown()
}

func TestSocketsAfterShutdown(t *testing.T) {
	here, there := listenOn(t, "127.0.0.1"), listenOn(t, "127.0.0.1")
	here.Shutdown()
	if conn, err := here.DialTimeout(at(there, "127.0.0.1"), time.Minute); err == nil {
		conn.Close()
		t.Error("a dial after Shutdown succeeds")
	}
	near, far := net.Pipe()
	defer far.Close()
	if _, err := here.track(near); !errors.Is(err, net.ErrClosed) { // accepted, or dialled, just then
		t.Errorf("a stream of a transport that is shut down: %v", err)
	}
	if _, err := near.Write([]byte("x")); err == nil {
		t.Error("a stream that came too late is open")
	}
}

func TestSocketsForgetClosedStreams(t *testing.T) {
	here, there := listenOn(t, "127.0.0.1"), listenOn(t, "127.0.0.1")
	for range 3 {
		near, err := here.DialTimeout(at(there, "127.0.0.1"), time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		(<-there.StreamCh()).Close()
		near.Close()
	}
	if len(here.conns) > 0 || len(there.conns) > 0 {
		t.Errorf("%d and %d closed streams are remembered", len(here.conns), len(there.conns))
	}
}

// TestFault20_AcceptFails covers the lack of file descriptors as far as it goes without exhausting those of the test.
func TestFault20_AcceptFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		ctx, cancel := context.WithCancel(t.Context())
		transport := &sockets{ctx: ctx, cancel: cancel, seldom: seldom.New(zerolog.New(&log))}
		start := time.Now()
		transport.pause(errors.New("too many open files"), "cannot accept a connection")
		if waited := time.Since(start); waited != acceptPause || !bytes.Contains(log.Bytes(), []byte("too many open files")) {
			t.Errorf("paused for %v and said %q", waited, &log)
		}
		time.AfterFunc(acceptPause/2, cancel)
		transport.pause(errors.New("too many open files"), "cannot accept a connection")
		transport.pause(errors.New("closed"), "cannot accept a connection")
		if waited := time.Since(start); waited != acceptPause*3/2 || bytes.Contains(log.Bytes(), []byte("closed")) {
			t.Errorf("Shutdown was noticed %v after the start, and the log says %q", waited, &log)
		}
	})
}
