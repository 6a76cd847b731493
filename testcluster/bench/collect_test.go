package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestCollect(t *testing.T) {
	row := Row{What: "heal", System: sealed, N: 10, Metric: metricHeal, Unit: "s", Runs: 1, P50: 0.5, P99: 0.5, Max: 0.5, Scenario: "10s"}
	const line = `row: {"what":"heal","system":"grapevine","n":10,"metric":"full view after a heal","unit":"s","runs":1,"p50":0.5,"p99":0.5,"max":0.5,"scenario":"10s"}`
	for name, tt := range map[string]struct {
		out  []string
		rows []Row
		said []string
		err  string
	}{
		"rows":        {[]string{line, line}, []Row{row, row}, nil, ""},
		"among words": {[]string{"=== RUN", line, "PASS"}, []Row{row}, []string{"=== RUN", "PASS"}, ""},
		"not a row":   {[]string{"row: {", line}, []Row{row}, nil, `"row: {": unexpected end of JSON input`},
		"words only":  {[]string{"no tests to run"}, nil, []string{"no tests to run"}, "the test gave no rows"},
		"nothing":     {nil, nil, nil, "the test gave no rows"},
	} {
		t.Run(name, func(t *testing.T) {
			var said []string
			rows, err := collect(strings.NewReader(strings.Join(tt.out, "\n")), func(format string, args ...any) {
				said = append(said, fmt.Sprintf(format, args...))
			})
			if !slices.Equal(rows, tt.rows) || !slices.Equal(said, tt.said) {
				t.Errorf("rows %+v, said %q", rows, said)
			}
			if got := fmt.Sprint(err); got != tt.err && (err != nil || tt.err != "") {
				t.Errorf("error %q, want %q", got, tt.err)
			}
		})
	}
}
