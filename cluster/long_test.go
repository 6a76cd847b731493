package cluster_test

import (
	"flag"
	"os"
	"runtime"
	"runtime/debug"
	"testing"
)

var long = flag.Bool("long", false, "run the long forms of the tests too, which takes minutes")

// everyday returns small, or full with the flag -long: more members, more rounds, more time and
// every combination of an attack. The everyday run has a small form of each test.
func everyday[T any](small, full T) T {
	if *long {
		return full
	}
	return small
}

// brief returns least with the flag -short, under which the race detector runs, or usual: fewer
// members or less time, and every assertion.
func brief[T any](least, usual T) T {
	if testing.Short() && !*long {
		return least
	}
	return usual
}

// TestMain sets the runtime up for clusters on virtual time, unless the environment sets it. Their heap
// is a few MB, which would be collected all the time. A bubble wakes one goroutine after another; on two
// processors hand-overs cost it 40 % more processor time. The long forms run on all processors.
func TestMain(m *testing.M) {
	flag.Parse()
	waitTogether()
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
	if os.Getenv("GOMAXPROCS") == "" && !*long {
		runtime.GOMAXPROCS(1)
	}
	os.Exit(m.Run())
}

// waitTogether runs all parallel tests at once, unless the flag sets another number: they are those of
// real processes, which mostly wait.
func waitTogether() {
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if !given {
		flag.Set("test.parallel", "12")
	}
}
