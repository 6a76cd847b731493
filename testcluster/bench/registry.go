package main

import (
	"maps"
	"slices"
)

// benches are what -what may name. Each gives the rows that it could measure, and an error for what it could not.
var benches = map[string]func(options) ([]Row, error){
	"crash":     benchCrash,
	"dns":       benchDNS,
	"false":     benchFalse,
	"heal":      benchHeal,
	"idle":      benchIdle,
	"leave":     benchLeave,
	"live":      benchLive,
	"pick":      benchPick,
	"propagate": benchPropagate,
	"rolling":   benchRolling,
	"start":     benchStart,
	"tail":      benchTail,
	"transport": benchTransport,
}

// judges hold the rows against what was promised of them, for those benches of which something was.
var judges = map[string]func([]Row) []mark{
	"crash":     crashMarks,
	"dns":       dnsMarks,
	"false":     falseMarks,
	"heal":      healMarks,
	"idle":      idleMarks,
	"live":      liveMarks,
	"pick":      pickMarks,
	"propagate": propagateMarks,
	"rolling":   rollingMarks,
	"start":     startMarks,
	"tail":      tailMarks,
	"transport": transportMarks,
}

func benchNames() []string { return slices.Sorted(maps.Keys(benches)) }
