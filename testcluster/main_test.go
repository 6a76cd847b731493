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

// useOneProcessor runs all but the long forms on one processor, unless the environment sets another number.
// A bubble wakes one goroutine after another; on two processors hand-overs cost it 40 % more processor time.
// The race detector of go1.26.8 also breaks now and then where a bubble fires timers on one processor while a
// goroutine polls the channel of a due timer on another: both use the one race context of the bubble.
func useOneProcessor() {
	if os.Getenv("GOMAXPROCS") == "" && !*testcluster.Long {
		runtime.GOMAXPROCS(1)
	}
}
