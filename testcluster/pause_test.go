package testcluster_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/testcluster"
)

// socketBuffer is how many datagrams wait for a process that does not read.
const socketBuffer = 1024

func TestPausedHostReadsLater(t *testing.T) {
	pair(t, testcluster.Link{}, func(t *testing.T, _ *testcluster.Network, a, b *testcluster.Host) {
		b.Pause()
		for i := range socketBuffer + 100 {
			send(a, b, fmt.Sprint(i))
		}
		if got := received(b); len(got) > 0 {
			t.Fatalf("%d packets reach a host that is paused", len(got))
		}
		b.Resume()
		got := received(b)
		if len(got) != socketBuffer || got[0] != "0" || got[socketBuffer-1] != fmt.Sprint(socketBuffer-1) {
			t.Errorf("%d packets waited, want the first %d in their order", len(got), socketBuffer)
		}
		send(a, b, "after")
		if got := received(b); len(got) != 1 {
			t.Errorf("resumed, it receives %q", got)
		}
	})
}

func TestPausedHostSendsNothing(t *testing.T) {
	pair(t, testcluster.Link{}, func(t *testing.T, _ *testcluster.Network, a, b *testcluster.Host) {
		near, far := connect(t, a, b)
		a.Pause()
		send(a, b, "never")
		written := make(chan error, 1)
		go func() {
			_, err := near.Write([]byte("later"))
			written <- err
		}()
		time.Sleep(time.Minute)
		select {
		case err := <-written:
			t.Errorf("a paused host writes: %v", err)
		default:
		}
		a.Resume()
		if got := mustRead(t, far, 5); string(got) != "later" {
			t.Errorf("after the pause: %q", got)
		}
		if got := received(b); <-written != nil || len(got) > 0 {
			t.Errorf("datagrams of a paused host: %q", got)
		}
	})
}

// TestDialToPausedHost holds that the system accepts for a process that is stopped, and nobody answers.
func TestDialToPausedHost(t *testing.T) {
	pair(t, testcluster.Link{Latency: time.Millisecond}, func(t *testing.T, _ *testcluster.Network, a, b *testcluster.Host) {
		b.Pause()
		conn, err := a.DialTimeout(b.Address().String(), time.Second)
		if err != nil {
			t.Fatalf("dial: %v", err)
		}
		defer conn.Close()
		served := make(chan struct{})
		go func() {
			defer close(served)
			far := <-b.StreamCh()
			defer far.Close()
			far.Write(mustRead(t, far, 4))
		}()
		mustWrite(t, conn, []byte("ping"))
		conn.SetReadDeadline(time.Now().Add(time.Minute))
		if n, err := conn.Read(make([]byte, 4)); n > 0 || !timedOut(err) {
			t.Errorf("a paused host answers %d bytes, %v", n, err)
		}
		b.Resume()
		conn.SetReadDeadline(time.Time{})
		if got := mustRead(t, conn, 4); string(got) != "ping" {
			t.Errorf("after the pause: %q", got)
		}
		<-served
	})
}

func TestPauseTwiceAndAfterTheEnd(t *testing.T) {
	pair(t, testcluster.Link{}, func(t *testing.T, _ *testcluster.Network, a, b *testcluster.Host) {
		b.Resume()
		b.Pause()
		b.Pause()
		send(a, b, "x")
		b.Resume()
		b.Resume()
		if got := received(b); len(got) != 1 {
			t.Errorf("%q arrived", got)
		}
		b.Pause()
		b.Resume()
		if got := received(b); len(got) != 0 {
			t.Errorf("%q arrived once more", got)
		}
		b.Pause()
		b.Crash()
		b.Pause()
		b.Resume()
		send(a, b, "x")
		if got := received(b); len(got) != 0 {
			t.Errorf("%q arrived at a host that crashed", got)
		}
	})
}
