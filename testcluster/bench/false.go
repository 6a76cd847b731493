package main

import "time"

const (
	metricLived = "lived through"

	starvedOthers = "starved"            // removals from the views of those that have their CPU time
	starvedOwn    = "starved, own views" // from the views of those that have not

	trueSize = 50        // members
	trueHour = time.Hour // of virtual time
)

// troubles are what members live through. Nobody is gone, so nobody may be removed.
var troubles = []struct {
	scenario string
	loss     float64 // of the datagrams
	starved  bool    // some members, again and again
}{
	{"5 % loss", 0.05, false},
	{"20 % loss", 0.2, false},
	{starvedOthers, 0, true},
}

// benchFalse measures each once.
func benchFalse(o options) ([]Row, error) {
	o.runs, o.sizes = 1, []int{trueSize}
	return benchVirtual(o, "TestFalseFigures")
}

func falseMarks(rows []Row) (marks []mark) {
	for _, n := range sizesOf(rows, metricRemoved) {
		for _, trouble := range troubles {
			marks = append(marks, limit(rows, sealed, metricRemoved, trouble.scenario, n, 0))
		}
		marks = append(marks, limit(rows, sealed, metricRemoved, starvedOwn, n, 0))
	}
	return marks
}
