package testcluster_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/testcluster"
)

func TestListen(t *testing.T) {
	pair(t, testcluster.Link{}, func(t *testing.T, _ *testcluster.Network, a, b *testcluster.Host) {
		first, err1 := b.Listen(0)
		second, err2 := b.Listen(0)
		third, err3 := b.Listen(80)
		if err := errors.Join(err1, err2, err3); err != nil {
			t.Fatal(err)
		}
		if first.Addr().String() == second.Addr().String() {
			t.Errorf("two listeners at %v", first.Addr())
		}
		if want := b.IP().String() + ":80"; third.Addr().String() != want {
			t.Errorf("port 80 is at %v, want %s", third.Addr(), want)
		}
		for _, l := range []net.Listener{first, second, third} {
			near, err := a.DialContext(t.Context(), "tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			far, err := l.Accept()
			if err != nil || far.LocalAddr().String() != l.Addr().String() || near.RemoteAddr().String() != l.Addr().String() {
				t.Errorf("accepted %v to %v, %v", far, near.RemoteAddr(), err)
			}
			near.Close()
			far.Close()
		}
	})
}

func TestListenWhereItIsTaken(t *testing.T) {
	pair(t, testcluster.Link{}, func(t *testing.T, _ *testcluster.Network, a, b *testcluster.Host) {
		l, err := b.Listen(80)
		if err != nil {
			t.Fatal(err)
		}
		for _, port := range []uint16{80, b.Address().Port()} {
			if _, err := b.Listen(port); !errors.Is(err, syscall.EADDRINUSE) {
				t.Errorf("port %d: %v", port, err)
			}
		}
		l.Close()
		if l, err = b.Listen(80); err != nil {
			t.Errorf("after Close: %v", err)
		}
		if _, err := a.DialContext(t.Context(), "tcp", b.IP().String()+":81"); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("where nobody listens: %v", err)
		}
		if _, err := a.DialContext(t.Context(), "udp", l.Addr().String()); err == nil {
			t.Error("a stream over udp")
		}
		if _, err := a.DialContext(t.Context(), "tcp", "b:80"); err == nil {
			t.Error("a stream to a host name")
		}
	})
}

// TestListenerCloses holds that nobody is left waiting, neither in Accept nor for it.
func TestListenerCloses(t *testing.T) {
	pair(t, testcluster.Link{}, func(t *testing.T, _ *testcluster.Network, a, b *testcluster.Host) {
		l, err := b.Listen(80)
		if err != nil {
			t.Fatal(err)
		}
		waiting, err := a.DialContext(t.Context(), "tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
		l.Close() // is no other than once
		waiting.SetReadDeadline(time.Now().Add(time.Minute))
		if _, err := waiting.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("who was not accepted: %v, want a reset", err)
		}
		if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Accept: %v", err)
		}
		if _, err := a.DialContext(t.Context(), "tcp", l.Addr().String()); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("dial: %v", err)
		}
	})
}

func TestHTTP(t *testing.T) {
	pair(t, testcluster.Link{Latency: 5 * time.Millisecond}, func(t *testing.T, n *testcluster.Network, a, b *testcluster.Host) {
		l, err := b.Listen(0)
		if err != nil {
			t.Fatal(err)
		}
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			fmt.Fprintf(w, "%s from %s", body, b.IP())
		})}
		go server.Serve(l)
		defer server.Close()
		client := &http.Client{Transport: &http.Transport{DialContext: a.DialContext}}
		defer client.CloseIdleConnections()

		body := randomBytes(3 * window)
		for range 3 { // over one connection
			if got, err := post(t.Context(), client, l.Addr(), body); err != nil || got != string(body)+" from 10.0.0.2" {
				t.Fatalf("an answer of %d bytes, %v", len(got), err)
			}
		}
		n.Cut([]*testcluster.Host{a}, []*testcluster.Host{b})
		if _, err := post(within(t, time.Second), client, l.Addr(), body); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("beyond a cut: %v", err)
		}
		n.Heal()
		b.Crash()
		if _, err := post(within(t, time.Second), client, l.Addr(), body); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("after a crash: %v", err)
		}
	})
}

func post(ctx context.Context, client *http.Client, to net.Addr, body []byte) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+to.String(), bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	return string(answer), err
}
