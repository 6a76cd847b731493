package processes_test

import (
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
)

// peakMemory is the most that a process has ever had resident, in bytes.
func peakMemory(t *testing.T, pid int) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		var kib int
		if _, err := fmt.Sscanf(line, "VmHWM: %d kB", &kib); err == nil {
			return kib << 10
		}
	}
	t.Fatal("the system does not tell how much memory a process had")
	return 0
}

// hugeStreams are beginnings of streams by somebody who does not know the secret.
func hugeStreams() map[string][]byte {
	return map[string][]byte{
		"TLS record":       {22, 3, 1, 0xff, 0xff},                                  // as long as its length can say
		"TLS handshake":    {22, 3, 1, 0x40, 0x00, 1, 0xff, 0xff, 0xff},             // a ClientHello of 16 MiB, in records that go on
		"hello":            append([]byte("grapevine"), 0xff, 0xff),                 // of a member that seals nothing
		"memberlist":       {6, 0x81, 0xac, 'U', 's', 'e', 'r', 'S', 't', 'a', 't'}, // a push/pull
		"nothing familiar": []byte("GET / HTTP/1.1\r\n"),
	}
}

// TestFault43_MemoryBeforeAuthentication has strangers announce 20 MiB on each of many connections and send a good part
// of it. None may cost more than 64 KiB, or stay for more than some seconds.
func TestFault43_MemoryBeforeAuthentication(t *testing.T) {
	const (
		connections = 16 // of each kind
		sent        = 4 << 20
		most        = 64 << 10
		slack       = 8 << 20 // what the process itself may grow by meanwhile
	)
	for mode, secret := range map[string]string{"sealed": cluster.NewSecret(), "plain": ""} {
		for kind, beginning := range hugeStreams() {
			t.Run(mode+", "+kind, func(t *testing.T) {
				t.Parallel() // each waits for a deadline
				member := startChild(t, cluster.Config{Name: "m1", Cluster: "one", Secret: secret})
				before := peakMemory(t, member.command.Process.Pid)
				var work sync.WaitGroup
				for range connections {
					work.Go(func() { pour(t, member.address, beginning, sent) })
				}
				work.Wait()
				grown := peakMemory(t, member.command.Process.Pid) - before
				t.Logf("%d connections cost %d KiB", connections, grown>>10)
				if grown > connections*most+slack {
					t.Errorf("%d connections cost %d KiB, want %d each at most", connections, grown>>10, most>>10)
				}
			})
		}
	}
}

// pour sends beginning and as much after it as the other side takes, and waits until that has had enough.
func pour(t *testing.T, address string, beginning []byte, size int) {
	conn, err := net.DialTimeout("tcp", address, processPatience)
	if err != nil {
		t.Error(err)
		return
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(processPatience))
	conn.Write(append(beginning[:len(beginning):len(beginning)], make([]byte, size)...)) // it may be cut off
	if _, err := io.Copy(io.Discard, conn); timedOut(err) {
		t.Errorf("a stranger's connection is open after %v", processPatience)
	}
}
