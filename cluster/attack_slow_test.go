package cluster_test

import (
	"io"
	"net"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/testcluster"
)

// drip sends beginning, and then a byte each half a second for as long as the other side takes it.
func drip(conn net.Conn, beginning []byte) {
	defer conn.Close()
	go io.Copy(io.Discard, conn)
	_, err := conn.Write(beginning)
	for err == nil {
		time.Sleep(500 * time.Millisecond)
		_, err = conn.Write([]byte{0})
	}
}

// heldFor is how long a member bears with it.
func heldFor(door *portal, beginning []byte) time.Duration {
	began := time.Now()
	stranger, seen := door.visit()
	go drip(stranger, beginning)
	<-seen.gone
	return time.Since(began)
}

// TestAttack_SlowLoris sends a byte at a time. This is not where a memberlist is weak: it ends a stream 10 seconds after it
// began, whatever comes, which is the time-out that it is configured with. Here it is 5 seconds.
func TestAttack_SlowLoris(t *testing.T) {
	const most = 5 * time.Second
	beginnings := map[string][]byte{
		"nothing":          nil,
		"TLS record":       {22, 3, 1, 0x40, 0},
		"hello":            []byte("grapevine\x01"),
		"label":            {labelKind, 200},
		"memberlist, long": append([]byte{labelKind, byte(len(bareLabel))}, bareLabel+"\x0a\x01\x00\x00\x00"...),
	}
	plainly(t, func(t *testing.T, l *lab) {
		host := l.Host()
		door := newPortal(host)
		l.run(host, "m1", over(door))
		var longest time.Duration
		for _, beginning := range beginnings {
			longest = max(longest, heldFor(door, beginning))
		}
		if longest != 10*time.Second {
			t.Errorf("held for %v", longest)
		}
	})
	for mode, config := range map[string]cluster.Config{
		"sealed": {Secret: cluster.NewSecret()}, "without a secret": {Insecure: true},
	} {
		t.Run("grapevine, "+mode, func(t *testing.T) {
			sealedOver(t, normal, func(t *testing.T, c *testcluster.Cluster) {
				host := c.Network.Host()
				door := newPortal(host)
				config.Name, config.Transport = "m1", door
				m := c.Run(host, config)
				for name, beginning := range beginnings {
					before := m.Stats()
					held := heldFor(door, beginning)
					t.Logf("%s: held for %v", name, held)
					if held > most {
						t.Errorf("%s: held for %v, %v at most was expected", name, held, most)
					}
					time.Sleep(time.Second)
					if now := m.Stats(); now.Failed != before.Failed+1 {
						t.Errorf("%s: not counted", name)
					}
				}
				if got := m.Stats().Refused[transport.ReasonGarbage]; got == 0 {
					t.Error("nobody is counted as one who did not say in time who it is")
				}
			})
		})
	}
}
