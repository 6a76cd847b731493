package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
)

const textColumns = 5 // are aligned to the left, the numbers after them to the right

var header = [...]string{"what", "system", "metric", "scenario", "unit", "n", "runs", "p50", "p99", "max"}

func (r Row) cells() [len(header)]string {
	return [...]string{r.What, r.System, r.Metric, r.Scenario, r.Unit,
		strconv.Itoa(r.N), strconv.Itoa(r.Runs), number(r.P50), number(r.P99), number(r.Max)}
}

// number shows as many places as tell something.
func number(x float64) string {
	places := 0
	switch size := math.Abs(x); {
	case size == math.Trunc(size):
	case size < 1:
		places = 3
	case size < 100:
		places = 1
	}
	return strconv.FormatFloat(x, 'f', places, 64)
}

// table puts the rows into columns, each as wide as it needs to be.
func table(rows []Row) string {
	lines := [][len(header)]string{header}
	for _, r := range rows {
		lines = append(lines, r.cells())
	}
	var width [len(header)]int
	for _, line := range lines {
		for i, cell := range line {
			width[i] = max(width[i], len(cell))
		}
	}
	var b strings.Builder
	for _, line := range lines {
		for i, cell := range line[:textColumns] {
			fmt.Fprintf(&b, "%-*s  ", width[i], cell)
		}
		for i, cell := range line[textColumns:] {
			fmt.Fprintf(&b, "%*s  ", width[textColumns+i], cell)
		}
		b.WriteByte('\n')
	}
	return strings.ReplaceAll(b.String(), "  \n", "\n")
}

func writeJSON(file string, rows []Row) error {
	encoded, err := json.MarshalIndent(rows, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(encoded, '\n'), 0o644)
}
