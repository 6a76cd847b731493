package process

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/test/bufconn"
)

// TestShutdownClosesUnusedConnections has a client keep one connection that it never used, and one
// with a request in flight. Shutdown waits for the request alone.
func TestShutdownClosesUnusedConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const work = time.Second
		server := newServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			time.Sleep(work)
			io.WriteString(w, "done")
		}))
		listener := bufconn.Listen(1 << 10)
		served := make(chan error, 1)
		go func() { served <- server.Serve(listener) }()
		dial := func() net.Conn {
			conn, err := listener.Dial()
			if err != nil {
				t.Fatal(err)
			}
			return conn
		}
		unused, used := dial(), dial()
		defer unused.Close()
		defer used.Close()
		io.WriteString(used, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		synctest.Wait()
		began := time.Now()
		if err := server.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took > 2*work {
			t.Errorf("Shutdown took %v, want little more than the request in flight, %v", took, work)
		}
		if response, err := http.ReadResponse(bufio.NewReader(used), nil); err != nil || response.StatusCode != http.StatusOK {
			t.Errorf("the request in flight is answered by %v, %v", response, err)
		}
		if _, err := unused.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("the unused connection ends with %v, want EOF", err)
		}
		<-served
	})
}
