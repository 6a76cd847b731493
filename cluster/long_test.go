package cluster_test

import (
	"flag"
	"os"
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

// The heap of a cluster on virtual time is a few MB, which would be collected all the time.
func init() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
}
