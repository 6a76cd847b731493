package testcluster_test

import (
	"net"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/testcluster"
)

// TestLossDelaysADial holds that a dial of which something is lost takes seconds more, and does not fail.
func TestLossDelaysADial(t *testing.T) {
	pair(t, testcluster.Link{Latency: time.Millisecond, Loss: 0.3}, func(t *testing.T, _ *testcluster.Network, a, b *testcluster.Host) {
		took := make(map[time.Duration]int)
		for range 200 {
			began := time.Now()
			conn, err := a.DialTimeout(b.Address().String(), 1000*time.Hour)
			if err != nil {
				t.Fatal(err)
			}
			took[time.Since(began).Truncate(time.Second)]++
			conn.Close()
			(<-b.StreamCh()).Close()
		}
		if at := took[0]; at < 70 || at > 130 { // where both ways are lucky
			t.Errorf("%d of 200 dials lose nothing, want about 100", at)
		}
		if took[time.Second] == 0 || took[3*time.Second] == 0 || took[2*time.Second] > 0 {
			t.Errorf("dials took %v, want 0, 1, 3 or 7 s, and so on", took)
		}
	})
}

// TestBacklogIsFull holds that a system answers nobody any more once many connections wait for a process.
func TestBacklogIsFull(t *testing.T) {
	pair(t, testcluster.Link{}, func(t *testing.T, _ *testcluster.Network, a, b *testcluster.Host) {
		b.Pause()
		var waiting []net.Conn
		for range 1024 {
			conn, err := a.DialTimeout(b.Address().String(), time.Second)
			if err != nil {
				t.Fatal(err)
			}
			waiting = append(waiting, conn)
		}
		if _, err := a.DialTimeout(b.Address().String(), time.Minute); !timedOut(err) {
			t.Errorf("one more: %v, want a time-out", err)
		}
		for range waiting {
			(<-b.StreamCh()).Close()
		}
		conn, err := a.DialTimeout(b.Address().String(), time.Second)
		if err != nil {
			t.Errorf("once there is room: %v", err)
		}
		for _, conn := range append(waiting, conn) {
			conn.Close()
		}
	})
}
