package main

import (
	"fmt"
	"math"
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

// lookUp gives the row of a cluster's metric as a whole.
func lookUp(rows []Row, system, metric string, n int) (found Row, ok bool) {
	for _, r := range rows {
		if r.System == system && r.Metric == metric && r.N == n && r.Scenario == "" {
			return r, true
		}
	}
	return found, false
}

// ratio compares the p50 of two systems.
func ratio(rows []Row, metric string, n int, system, other string, most float64) mark {
	m := mark{fmt.Sprintf("%s, n=%d, %s / %s", metric, n, system, other), math.NaN(), most}
	a, ok1 := lookUp(rows, system, metric, n)
	b, ok2 := lookUp(rows, other, metric, n)
	if ok1 && ok2 && b.P50 != 0 {
		m.value = a.P50 / b.P50
	}
	return m
}
