//go:build unix

package processes_test

import (
	"context"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
)

// childFiles is the variable that limits the file descriptors of a child.
const childFiles = "GRAPEVINE_TEST_FILES"

func init() {
	files, err := strconv.ParseUint(os.Getenv(childFiles), 10, 32)
	if err != nil {
		return
	}
	limit := syscall.Rlimit{Cur: files, Max: files}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		panic(err)
	}
}

// flood keeps n connections to address open, that send nothing, until stop is called.
func flood(t *testing.T, address string, n int) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var work sync.WaitGroup
	for range n {
		work.Go(func() {
			for ctx.Err() == nil {
				hold(ctx, address)
			}
		})
	}
	return func() {
		cancel()
		work.Wait()
	}
}

// hold keeps a connection open until the other side has had enough of it.
func hold(ctx context.Context, address string) {
	conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", address)
	if err != nil {
		return
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	io.Copy(io.Discard, conn)
}

// TestFault20_DescriptorsExhausted floods a member that may open few files, for longer than SWIM's patience: it keeps
// its peers and they keep it, and once the flood is over it lets a newcomer join.
func TestFault20_DescriptorsExhausted(t *testing.T) {
	if testing.Short() {
		t.Skip("takes real seconds")
	}
	t.Parallel()
	const files, connections = 40, 200
	first := startChild(t, cluster.Config{Name: "m1", Cluster: "one"})
	command := childCommand(t, cluster.Config{Name: "m2", Cluster: "one", Join: []string{first.address}})
	command.Env = append(command.Env, childFiles+"="+strconv.Itoa(files))
	var said lockedBuffer
	command.Stderr = &said
	flooded := runCommand(t, "m2", command)
	third := startChild(t, cluster.Config{Name: "m3", Cluster: "one", Join: []string{first.address}})
	children := []*child{first, flooded, third}
	for _, child := range children {
		child.awaitNames(processPatience, "m1", "m2", "m3")
	}
	marks := marksOf(children)
	stop := flood(t, flooded.address, connections)
	time.Sleep(10 * time.Second) // the fault itself
	stop()
	if lines := strings.Count(said.String(), "too many open files"); lines != 1 {
		t.Errorf("it says %d times that it cannot open files, want once a minute:\n%s", lines, said.String())
	}
	fourth := startChild(t, cluster.Config{Name: "m4", Cluster: "one", Join: []string{flooded.address}})
	for _, child := range append(children, fourth) {
		child.awaitNames(processPatience, "m1", "m2", "m3", "m4")
	}
	checkKept(t, children, marks, "m1", "m2", "m3")
}
