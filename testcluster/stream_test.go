package testcluster_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/testcluster"
)

// window is how many bytes may be under way in one direction of a stream.
const window = 64 << 10

func TestStreamTakesTheLatency(t *testing.T) {
	pair(t, testcluster.Link{Latency: 20 * time.Millisecond}, func(t *testing.T, _ *testcluster.Network, a, b *testcluster.Host) {
		began := time.Now()
		near, far := connect(t, a, b)
		if took := time.Since(began); took < 40*time.Millisecond || took > 2*(20*time.Millisecond+grid) {
			t.Errorf("the dial took %v, want a round trip", took)
		}
		began = time.Now()
		mustWrite(t, near, []byte("hello"))
		if took := time.Since(began); took > 0 {
			t.Errorf("the write took %v", took)
		}
		mustRead(t, far, 5)
		if took := time.Since(began); took < 20*time.Millisecond || took > 20*time.Millisecond+grid {
			t.Errorf("the way took %v", took)
		}
	})
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{}).Read(b)
	return b
}

// TestStreamUnderLoss holds that what is lost comes late, and in order.
func TestStreamUnderLoss(t *testing.T) {
	bad := testcluster.Link{Latency: time.Millisecond, Jitter: 50 * time.Millisecond, Loss: 0.3}
	pair(t, bad, func(t *testing.T, _ *testcluster.Network, a, b *testcluster.Host) {
		near, far := connect(t, a, b)
		sent := randomBytes(4 * window)
		began := time.Now()
		go func() {
			for part := sent; len(part) > 0; part = part[1000:] {
				if len(part) < 1000 {
					near.Write(part)
					break
				}
				near.Write(part[:1000])
			}
			near.Close()
		}()
		got, err := io.ReadAll(far)
		if err != nil || !bytes.Equal(got, sent) {
			t.Errorf("%d bytes arrive as %d others, %v", len(sent), len(got), err)
		}
		if took := time.Since(began); took < 200*time.Millisecond {
			t.Errorf("loss cost nothing: %v", took)
		}
	})
}

// TestStreamWhereAllIsLost holds that the writer does not wait for what arrives very late.
func TestStreamWhereAllIsLost(t *testing.T) {
	pair(t, testcluster.Link{}, func(t *testing.T, n *testcluster.Network, a, b *testcluster.Host) {
		near, far := connect(t, a, b)
		n.SetNormal(testcluster.Link{Loss: 1})
		began := time.Now()
		mustWrite(t, near, []byte("hello"))
		if took := time.Since(began); took > 0 {
			t.Errorf("the write took %v", took)
		}
		far.SetReadDeadline(began.Add(10 * time.Second))
		if n, err := far.Read(make([]byte, 5)); !timedOut(err) {
			t.Errorf("read: %d bytes, %v", n, err)
		}
	})
}

func TestWindowBlocksTheWriter(t *testing.T) {
	pair(t, testcluster.Link{Latency: time.Millisecond}, func(t *testing.T, _ *testcluster.Network, a, b *testcluster.Host) {
		near, far := connect(t, a, b)
		mustWrite(t, near, make([]byte, window))
		near.SetWriteDeadline(time.Now().Add(time.Minute))
		if n, err := near.Write([]byte("x")); n != 0 || !timedOut(err) {
			t.Errorf("beyond the window: %d bytes, %v", n, err)
		}
		near.SetWriteDeadline(time.Time{})
		written := make(chan int, 1)
		go func() {
			n, _ := near.Write(make([]byte, 2000))
			written <- n
		}()
		mustRead(t, far, 1000)
		synctest.Wait()
		select {
		case n := <-written:
			t.Fatalf("%d bytes were written into a window with room for 1000", n)
		default:
		}
		mustRead(t, far, 1000)
		if n := <-written; n != 2000 {
			t.Errorf("%d bytes were written", n)
		}
	})
}

// TestCloseLetsArriveWhatIsUnderWay holds that an end of file comes after the data.
func TestCloseLetsArriveWhatIsUnderWay(t *testing.T) {
	pair(t, testcluster.Link{Latency: time.Second}, func(t *testing.T, _ *testcluster.Network, a, b *testcluster.Host) {
		near, far := connect(t, a, b)
		mustWrite(t, near, []byte("goodbye"))
		near.Close()
		near.Close() // is no other than once
		if got, err := io.ReadAll(far); string(got) != "goodbye" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
		if _, err := far.Write([]byte("x")); !errors.Is(err, syscall.EPIPE) {
			t.Errorf("write to who has closed: %v", err)
		}
		for what, use := range map[string]func([]byte) (int, error){"read": near.Read, "write": near.Write} {
			if _, err := use(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
				t.Errorf("%s after Close: %v", what, err)
			}
		}
	})
}

func TestEndOfFileTakesTheLatency(t *testing.T) {
	pair(t, testcluster.Link{Latency: time.Second}, func(t *testing.T, _ *testcluster.Network, a, b *testcluster.Host) {
		near, far := connect(t, a, b)
		began := time.Now()
		near.Close()
		if _, err := far.Read(make([]byte, 1)); err != io.EOF || time.Since(began) < time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

func TestCloseWakesWhoWaits(t *testing.T) {
	pair(t, testcluster.Link{}, func(t *testing.T, _ *testcluster.Network, a, b *testcluster.Host) {
		near, _ := connect(t, a, b)
		ended := make(chan error)
		go func() { _, err := near.Read(make([]byte, 1)); ended <- err }()
		go func() { _, err := near.Write(make([]byte, 2*window)); ended <- err }()
		synctest.Wait()
		near.Close()
		for range 2 {
			if err := <-ended; !errors.Is(err, net.ErrClosed) {
				t.Errorf("%v", err)
			}
		}
	})
}

// TestCutStallsAStream holds that a stream outlives a cut, however long, and loses nothing.
func TestCutStallsAStream(t *testing.T) {
	pair(t, testcluster.Link{Latency: time.Millisecond}, func(t *testing.T, n *testcluster.Network, a, b *testcluster.Host) {
		near, far := connect(t, a, b)
		sent := randomBytes(2 * window)
		n.Cut([]*testcluster.Host{a}, []*testcluster.Host{b})
		go func() {
			near.Write(sent)
			near.Close()
		}()
		far.SetReadDeadline(time.Now().Add(24 * time.Hour))
		if n, err := far.Read(make([]byte, 1)); n > 0 || !timedOut(err) {
			t.Errorf("beyond the cut: %d bytes, %v", n, err)
		}
		far.SetReadDeadline(time.Time{})
		n.Heal()
		if got, err := io.ReadAll(far); err != nil || !bytes.Equal(got, sent) {
			t.Errorf("%d bytes arrive as %d others, %v", len(sent), len(got), err)
		}
	})
}

func TestCutDelaysADial(t *testing.T) {
	pair(t, testcluster.Link{Latency: time.Millisecond}, func(t *testing.T, n *testcluster.Network, a, b *testcluster.Host) {
		n.CutOneWay([]*testcluster.Host{b}, []*testcluster.Host{a}) // the way back
		if _, err := a.DialTimeout(b.Address().String(), time.Second); !timedOut(err) {
			t.Errorf("dial: %v, want a time-out", err)
		}
		time.AfterFunc(10*time.Second, n.Heal)
		began := time.Now()
		conn, err := a.DialTimeout(b.Address().String(), time.Minute)
		if err != nil || time.Since(began) < 10*time.Second {
			t.Fatalf("dial: %v after %v, want success after the heal", err, time.Since(began))
		}
		conn.Close()
	})
}
