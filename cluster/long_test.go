package cluster_test

import (
	"flag"
	"os"
	"runtime/debug"
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

// The heap of a cluster on virtual time is a few MB, which would be collected all the time.
func init() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
}
