package main

import (
	"errors"
	"fmt"
	"math"
)

// transportParts are what -what transport measures, in this order.
var transportParts = []struct {
	name  string
	bench func(options) ([]Row, error)
}{
	{"datagrams", benchDatagrams},
	{"streams", benchStreams},
	{"handshakes", benchHandshakes},
	{"heap of a peer", benchPeerHeap},
	{"clusters", benchClusters},
}

func benchTransport(o options) (rows []Row, err error) {
	for _, part := range transportParts {
		o.say("transport: %s", part.name)
		some, failed := part.bench(o)
		rows = append(rows, some...)
		if failed != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", part.name, failed))
		}
	}
	return rows, err
}

// What sealing may cost.
const (
	mostJoin  = 2   // times as long as without
	mostBytes = 1.3 // times as many as memberlist with its key
	mostHeap  = 1.3
)

func transportMarks(rows []Row) (marks []mark) {
	for _, n := range []int{10, 50} {
		marks = append(marks, ratio(rows, metricJoin, n, sealed, unsealed, mostJoin))
	}
	sizes := sizesOf(rows, metricJoin)
	for _, n := range sizes {
		marks = append(marks, ratio(rows, metricJoin, n, sealed, keyed, math.Inf(1)))
	}
	for _, system := range []string{sealed, over} {
		for _, n := range sizes {
			marks = append(marks, ratio(rows, metricIdle, n, system, keyed, mostBytes))
		}
		for _, n := range sizes {
			marks = append(marks, ratio(rows, metricHeap, n, system, keyed, mostHeap))
		}
	}
	return append(marks, limit(rows, sealed, metricLeaves, "", 100, 0))
}
