package main

import (
	"errors"
	"time"
)

const (
	metricHeal     = "full view after a heal"
	metricUnhealed = "never merged" // 1 for a run that was given up

	mostHeal = 30 // seconds
)

// cuts are how long partitions last.
var cuts = []time.Duration{10 * time.Second, 45 * time.Second, 5 * time.Minute}

// benchHeal measures on virtual time what takes minutes, and restarts on real time.
func benchHeal(o options) ([]Row, error) {
	rows, err := benchVirtual(o, "TestHealFigures")
	some, failed := benchRestart(o)
	return append(rows, some...), errors.Join(err, failed)
}

func healMarks(rows []Row) (marks []mark) {
	for _, cut := range cuts {
		for _, n := range sizesOf(rows, metricHeal) {
			marks = append(marks, limit(rows, sealed, metricHeal, cut.String(), n, mostHeal))
		}
	}
	for _, n := range sizesOf(rows, metricRestart) {
		marks = append(marks, limit(rows, sealed, metricRestart, "", n, mostRestart))
	}
	return marks
}
