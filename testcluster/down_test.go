package testcluster_test

import (
	"context"
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/testcluster"
)

func TestCrash(t *testing.T) {
	pair(t, testcluster.Link{Latency: time.Millisecond}, func(t *testing.T, _ *testcluster.Network, a, b *testcluster.Host) {
		near, far := connect(t, a, b)
		read := make(chan error, 1)
		go func() {
			_, err := near.Read(make([]byte, 1))
			read <- err
		}()
		b.Crash()
		b.Crash() // is no other than once
		if err := <-read; !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("read: %v, want a reset", err)
		}
		if _, err := near.Write([]byte("x")); !errors.Is(err, syscall.EPIPE) {
			t.Errorf("write: %v, want a broken pipe", err)
		}
		if _, err := far.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
			t.Errorf("the crashed process writes: %v", err)
		}
		began := time.Now()
		_, err := a.DialTimeout(b.Address().String(), time.Minute)
		if took := time.Since(began); !errors.Is(err, syscall.ECONNREFUSED) || took > 2*(time.Millisecond+grid) {
			t.Errorf("dial: %v after %v, want a refusal after a round trip", err, took)
		}
		send(a, b, "x")
		send(b, a, "x")
		time.Sleep(time.Second)
		if there, back := received(b), received(a); len(there)+len(back) > 0 {
			t.Errorf("datagrams to and from a host that crashed: %q, %q", there, back)
		}
	})
}

func TestVanish(t *testing.T) {
	pair(t, testcluster.Link{Latency: time.Millisecond}, func(t *testing.T, _ *testcluster.Network, a, b *testcluster.Host) {
		near, _ := connect(t, a, b)
		b.Vanish()
		began := time.Now()
		near.SetReadDeadline(began.Add(time.Hour))
		if _, err := near.Read(make([]byte, 1)); !timedOut(err) || time.Since(began) != time.Hour {
			t.Errorf("read: %v after %v, want the deadline and no reset", err, time.Since(began))
		}
		began = time.Now()
		if _, err := a.DialTimeout(b.Address().String(), time.Minute); !timedOut(err) || time.Since(began) != time.Minute {
			t.Errorf("dial: %v after %v, want a time-out", err, time.Since(began))
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		if _, err := a.DialContext(ctx, "tcp", b.Address().String()); !errors.Is(err, context.Canceled) {
			t.Errorf("dial: %v, want that it was cancelled", err)
		}
		if _, err := b.DialTimeout(a.Address().String(), time.Minute); !errors.Is(err, net.ErrClosed) {
			t.Errorf("the process that vanished dials: %v", err)
		}
	})
}

func TestHostAtReplaces(t *testing.T) {
	pair(t, testcluster.Link{Latency: time.Millisecond}, func(t *testing.T, n *testcluster.Network, a, b *testcluster.Host) {
		for _, end := range []func(){func() {}, b.Crash, b.Vanish} {
			near, _ := connect(t, a, b)
			end()
			next := n.HostAt(b.IP())
			if _, err := near.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("stream to the one before: %v, want a reset", err)
			}
			send(a, next, "hello")
			if packet := <-next.PacketCh(); string(packet.Buf) != "hello" {
				t.Errorf("the new one receives %q", packet.Buf)
			}
			if got := received(b); len(got) > 0 {
				t.Errorf("the one before receives %q", got)
			}
			near, far := connect(t, a, next)
			near.Close()
			if rest, err := io.ReadAll(far); err != nil || len(rest) > 0 {
				t.Errorf("stream to the new one: %q, %v", rest, err)
			}
			b = next
		}
	})
}

// TestFullQueueDrops holds that a process which does not read slows down nobody.
func TestFullQueueDrops(t *testing.T) {
	pair(t, testcluster.Link{}, func(t *testing.T, _ *testcluster.Network, a, b *testcluster.Host) {
		for range 3 * socketBuffer {
			send(a, b, "x")
		}
		if got := len(received(b)); got != socketBuffer {
			t.Errorf("%d packets waited, want %d", got, socketBuffer)
		}
		send(a, b, "x")
		if got := len(received(b)); got != 1 {
			t.Errorf("%d packets once there is room, want 1", got)
		}
	})
}
