package transport

import (
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// witness looks at the counters whenever something is written to a connection or it is closed.
type witness struct {
	net.Conn
	member *Transport
	least  uint64 // failed handshakes, at the end
	early  bool   // something was written before
}

func (w *witness) Write(b []byte) (int, error) {
	w.early = w.early || w.member.stats.failed.Load() == 0
	return w.Conn.Write(b)
}

func (w *witness) Close() error {
	w.least = w.member.stats.failed.Load()
	return w.Conn.Close()
}

// TestRefusedIsCounted has strangers say what no member says. A refusal is counted before the other side can notice it, by an
// alert or by the end of the connection.
func TestRefusedIsCounted(t *testing.T) {
	for mode, sealed := range map[string]bool{"sealed": true, "plain": false} {
		for name, said := range map[string]string{
			"HTTP": "GET / HTTP/1.1\r\n\r\n", "nothing": "", "zeros": strings.Repeat("\x00", 100), "a TLS record": "\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00",
			"a long one": strings.Repeat("\x16\x03\x01\x40\x00"+strings.Repeat("\x01", 1<<14), 4), "a hello": string(fullHello.encode()),
		} {
			t.Run(mode+", "+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					var identity Identity
					if sealed {
						identity, _ = NewKeyring(secretA)
					}
					member := idle(t, identity)
					near, far := net.Pipe()
					go func() { io.Copy(io.Discard, far) }()
					go func() {
						io.WriteString(far, said)
						if said == "" {
							far.Close()
						}
					}()
					seen := &witness{Conn: near, member: member}
					until := time.Now().Add(time.Second)
					refusals := 0
					_, err := member.handshake(unproven(seen, member.budget.effort(strangers, hostAt(1), until)), 0, until, func(error) {
						refusals++
						if seen.least > 0 {
							t.Error("it is told before it is counted")
						}
					})
					if sealed && seen.early { // what is not sealed has a hello, not an alert
						t.Error("an alert is sent before it is counted")
					}
					if err == nil || seen.least != 1 || refusals != 1 {
						t.Errorf("%d counted as the other side heard of it, %d refusals: %v", seen.least, refusals, err)
					}
					far.Close()
				})
			})
		}
	}
}
