package testcluster_test

import (
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/testcluster"
)

// streams runs test with both ends of a stream on which nothing is under way.
func streams(t *testing.T, test func(t *testing.T, near, far net.Conn)) {
	pair(t, testcluster.Link{}, func(t *testing.T, _ *testcluster.Network, a, b *testcluster.Host) {
		near, far := connect(t, a, b)
		test(t, near, far)
	})
}

func TestDeadlineToCome(t *testing.T) {
	streams(t, func(t *testing.T, near, _ net.Conn) {
		began := time.Now()
		near.SetReadDeadline(began.Add(time.Second))
		if _, err := near.Read(make([]byte, 1)); !timedOut(err) || time.Since(began) != time.Second {
			t.Errorf("read: %v after %v", err, time.Since(began))
		}
		near.SetWriteDeadline(time.Now().Add(time.Second))
		if n, err := near.Write(make([]byte, window+1)); n != window || !timedOut(err) || time.Since(began) != 2*time.Second {
			t.Errorf("write: %d bytes, %v after %v", n, err, time.Since(began))
		}
	})
}

// TestDeadlineThatHasPassed holds that nothing moves after a deadline, also where something could.
func TestDeadlineThatHasPassed(t *testing.T) {
	streams(t, func(t *testing.T, near, far net.Conn) {
		mustWrite(t, far, []byte("waiting"))
		for range 20 { // what is left to the scheduler shows in the end
			near.SetDeadline(time.Now().Add(-time.Second))
			if n, err := near.Read(make([]byte, 1)); n > 0 || !timedOut(err) {
				t.Errorf("read: %d bytes, %v", n, err)
			}
			if n, err := near.Write([]byte("x")); n > 0 || !timedOut(err) {
				t.Errorf("write: %d bytes, %v", n, err)
			}
		}
		near.SetDeadline(time.Time{})
		if got := mustRead(t, near, 7); string(got) != "waiting" {
			t.Errorf("after the deadline was cleared: %q", got)
		}
	})
}

func TestDeadlineMoves(t *testing.T) {
	for name, tt := range map[string]struct {
		first, second time.Duration // from now; the second is set after a second
		want          time.Duration
	}{
		"later":       {2 * time.Second, 10 * time.Second, 10 * time.Second},
		"sooner":      {10 * time.Second, 2 * time.Second, 2 * time.Second},
		"to the past": {10 * time.Second, 0, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			streams(t, func(t *testing.T, near, _ net.Conn) {
				began := time.Now()
				near.SetReadDeadline(began.Add(tt.first))
				moved := make(chan struct{})
				go func() {
					defer close(moved)
					time.Sleep(time.Second)
					near.SetReadDeadline(began.Add(tt.second))
				}()
				if _, err := near.Read(make([]byte, 1)); !timedOut(err) || time.Since(began) != tt.want {
					t.Errorf("%v after %v, want a time-out after %v", err, time.Since(began), tt.want)
				}
				<-moved
			})
		})
	}
}

func TestDeadlineCleared(t *testing.T) {
	streams(t, func(t *testing.T, near, far net.Conn) {
		near.SetReadDeadline(time.Now().Add(time.Second))
		read := make(chan error, 1)
		go func() {
			_, err := near.Read(make([]byte, 1))
			read <- err
		}()
		near.SetReadDeadline(time.Time{})
		time.Sleep(time.Hour)
		synctest.Wait()
		select {
		case err := <-read:
			t.Fatalf("read: %v", err)
		default:
		}
		mustWrite(t, far, []byte("x"))
		if err := <-read; err != nil {
			t.Errorf("read: %v", err)
		}
	})
}

// TestDeadlinesAreOfOneEnd holds that what one end sets is not felt at the other, nor in the other direction.
func TestDeadlinesAreOfOneEnd(t *testing.T) {
	streams(t, func(t *testing.T, near, far net.Conn) {
		near.SetReadDeadline(time.Now().Add(-time.Second))
		mustWrite(t, near, []byte("there"))
		mustWrite(t, far, []byte("back"))
		mustRead(t, far, 5)
		near.SetReadDeadline(time.Time{})
		near.SetWriteDeadline(time.Now().Add(-time.Second))
		mustRead(t, near, 4)
		mustWrite(t, far, []byte("back"))
		mustRead(t, near, 4)
	})
}
