package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

var someRows = []Row{
	Row{What: "transport", System: "grapevine", N: 2, Metric: "datagram 64 B", Unit: "ns"}.in("memory").of(1200.4, 1300.6, 1250),
	Row{What: "transport", System: "memberlist-key", N: 100, Metric: "join", Unit: "ms"}.of(0.1234),
}

func TestTable(t *testing.T) {
	const want = `what       system          metric         scenario  unit    n  runs    p50    p99    max
transport  grapevine       datagram 64 B  memory    ns      2     3   1250   1301   1301
transport  memberlist-key  join                     ms    100     1  0.123  0.123  0.123
`
	if got := table(someRows); got != want {
		t.Errorf("table:\n%swant:\n%s", got, want)
	}
}

func TestNumber(t *testing.T) {
	for x, want := range map[float64]string{0: "0", 3: "3", 0.0666: "0.067", -0.5: "-0.500", 12.34: "12.3", 1234.5: "1234"} {
		if got := number(x); got != want {
			t.Errorf("number(%v) = %s, want %s", x, got, want)
		}
	}
}

func TestJSON(t *testing.T) {
	file := filepath.Join(t.TempDir(), "rows.json")
	if err := writeJSON(file, someRows); err != nil {
		t.Fatal(err)
	}
	encoded, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var back []Row
	if err := json.Unmarshal(encoded, &back); err != nil || !slices.Equal(back, someRows) {
		t.Errorf("read back %+v, %v", back, err)
	}
	var fields []map[string]any
	if err := json.Unmarshal(encoded, &fields); err != nil {
		t.Fatal(err)
	}
	if _, ok := fields[1]["scenario"]; ok || fields[0]["scenario"] != "memory" || fields[1]["p50"] != 0.1234 {
		t.Errorf("fields %v", fields)
	}
}

func TestPercentile(t *testing.T) {
	hundred := make([]float64, 100)
	for i := range hundred {
		hundred[len(hundred)-1-i] = float64(i + 1)
	}
	for name, tt := range map[string]struct {
		samples []float64
		p, want float64
	}{
		"one":         {[]float64{7}, 50, 7},
		"median":      {[]float64{9, 1, 5}, 50, 5},
		"even":        {[]float64{4, 1, 3, 2}, 50, 2},
		"nearest":     {hundred, 99, 99},
		"max":         {hundred, 100, 100},
		"least":       {hundred, 0, 1},
		"few for 99%": {[]float64{1, 2, 3}, 99, 3},
	} {
		t.Run(name, func(t *testing.T) {
			if got := percentile(tt.samples, tt.p); got != tt.want {
				t.Errorf("percentile %v = %v, want %v", tt.p, got, tt.want)
			}
		})
	}
	if hundred[0] != 100 {
		t.Error("percentile sorted the samples of its caller")
	}
}
