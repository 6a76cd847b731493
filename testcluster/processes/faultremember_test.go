//go:build unix

package processes_test

import (
	"fmt"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
)

// TestFault26_ProcessesRemember kills all processes of a cluster and starts them again at their addresses, without seeds:
// what each has written down brings them together.
func TestFault26_ProcessesRemember(t *testing.T) {
	if testing.Short() {
		t.Skip("takes real seconds")
	}
	t.Parallel()
	folder := t.TempDir()
	remembering := func(i int, bind string, seeds []string) cluster.Config {
		name := fmt.Sprintf("m%d", i+1)
		return cluster.Config{Name: name, Cluster: "one", Bind: bind, Join: seeds, PeersFile: filepath.Join(folder, name)}
	}
	names := []string{"m1", "m2", "m3"}
	var children []*child
	var seeds []string
	for i := range names {
		child := startChild(t, remembering(i, "", seeds))
		children, seeds = append(children, child), []string{child.address}
	}
	for _, child := range children {
		child.awaitNames(processPatience, names...)
	}
	time.Sleep(7 * time.Second) // until each has written
	for _, child := range children {
		child.signal(syscall.SIGKILL)
		child.command.Wait()
	}
	var again []*child
	for i, child := range children {
		again = append(again, startChild(t, remembering(i, child.address, nil)))
	}
	for _, child := range again {
		child.awaitNames(processPatience, names...)
	}
}
