package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// mark is a figure that was computed from rows, and how large it may be.
type mark struct {
	name  string
	value float64 // NaN where a row is missing
	most  float64 // infinite where it is told for information
}

func (m mark) verdict() string {
	switch {
	case math.IsNaN(m.value):
		return "not measured"
	case math.IsInf(m.most, 1):
		return "for information"
	case m.value <= m.most:
		return "met"
	}
	return "MISSED"
}

func (m mark) String() string {
	text := m.name
	if !math.IsNaN(m.value) {
		text += fmt.Sprintf(": %.2f", m.value)
	}
	if !math.IsInf(m.most, 1) {
		text += fmt.Sprintf(", %v at most", m.most)
	}
	return fmt.Sprintf("%-15s  %s", m.verdict(), text)
}

func verdicts(marks []mark) string {
	var b strings.Builder
	for _, m := range marks {
		fmt.Fprintln(&b, m)
	}
	return b.String()
}

// lookUp gives the row of a cluster's metric.
func lookUp(rows []Row, system, metric, scenario string, n int) (found Row, ok bool) {
	for _, r := range rows {
		if r.System == system && r.Metric == metric && r.Scenario == scenario && r.N == n {
			return r, true
		}
	}
	return found, false
}

// sizesOf gives the sizes at which there is a row of a metric.
func sizesOf(rows []Row, metric string) (sizes []int) {
	for _, r := range rows {
		if r.Metric == metric && !slices.Contains(sizes, r.N) {
			sizes = append(sizes, r.N)
		}
	}
	return sizes
}

// ratio compares the p50 of two systems, tailRatio their p99.
func ratio(rows []Row, metric string, n int, system, other string, most float64) mark {
	return compare(rows, metric, n, system, other, mark{metric, math.NaN(), most}, func(r Row) float64 { return r.P50 })
}

func tailRatio(rows []Row, metric string, n int, system, other string, most float64) mark {
	return compare(rows, metric, n, system, other, mark{metric + ", p99", math.NaN(), most}, func(r Row) float64 { return r.P99 })
}

func compare(rows []Row, metric string, n int, system, other string, m mark, figure func(Row) float64) mark {
	m.name += fmt.Sprintf(", n=%d, %s / %s", n, system, other)
	a, ok1 := lookUp(rows, system, metric, "", n)
	b, ok2 := lookUp(rows, other, metric, "", n)
	if ok1 && ok2 && figure(b) != 0 {
		m.value = figure(a) / figure(b)
	}
	return m
}

// limit holds the worst that was measured against most.
func limit(rows []Row, system, metric, scenario string, n int, most float64) mark {
	m := mark{fmt.Sprintf("%s, n=%d, %s", strings.TrimSpace(metric+" "+scenario), n, system), math.NaN(), most}
	if r, ok := lookUp(rows, system, metric, scenario, n); ok {
		m.value = r.Max
	}
	return m
}
