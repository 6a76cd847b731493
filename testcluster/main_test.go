package testcluster_test

import (
	"flag"
	"os"
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/grapevine-go/grapevine/testcluster"
)

func TestMain(m *testing.M) {
	flag.Parse()
	useOneProcessor()
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400) // the heap is small, and would be collected all the time
	}
	os.Exit(m.Run())
}

// useOneProcessor runs the everyday tests on one processor, unless the environment sets another number. A bubble
// wakes one goroutine after another; on two processors it spends 40 % more processor time to hand them over.
// The long run and the race detector's, which is short, keep all processors.
func useOneProcessor() {
	if os.Getenv("GOMAXPROCS") == "" && !*testcluster.Long && !testing.Short() {
		runtime.GOMAXPROCS(1)
	}
}
