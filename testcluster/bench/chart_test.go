package main

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/grapevine-go/grapevine/testcluster/bench/sim"
)

func TestTicksUpTo(t *testing.T) {
	for highest, want := range map[float64][]float64{
		0.9: {0, 0.2, 0.4, 0.6, 0.8, 1}, 1: {0, 0.2, 0.4, 0.6, 0.8, 1}, 240: {0, 50, 100, 150, 200, 250}, 99: {0, 20, 40, 60, 80, 100},
	} {
		if got := ticksUpTo(highest); !slices.Equal(got, want) {
			t.Errorf("ticksUpTo(%v) = %v, want %v", highest, got, want)
		}
	}
}

func TestNamesAreApart(t *testing.T) {
	c := chart{XTicks: []float64{1, 2}, YTicks: []float64{0, 10}}
	for _, y := range []float64{0, 0.1, 5, 5, 5.1, 10} {
		c.Lines = append(c.Lines, line{Points: []point{{1, 0}, {2, y}}})
	}
	c.placeLabels()
	for i, l := range c.Lines {
		if l.Label > plotBottom || l.Label < plotTop || i > 0 && l.Label < c.Lines[i-1].Label+labelHeight {
			t.Errorf("name %d of %d is at %v, after %v", i+1, len(c.Lines), l.Label, c.Lines[max(i-1, 0)].Label)
		}
	}
}

func TestPlots(t *testing.T) {
	var rows []Row
	for _, s := range sim.Scenarios() {
		for _, l := range plotted[:2] {
			rows = append(rows, Row{System: l.Name, Scenario: s.Name, Metric: metricP99}.of(50))
		}
	}
	for second := range 10 {
		rows = append(rows, Row{System: probingOurs, Scenario: inSecond(sim.Cold, second), Metric: metricNewOnes}.of(0.5))
	}
	folder := filepath.Join(t.TempDir(), "plots")
	if err := writePlots(folder, rows); err != nil {
		t.Fatal(err)
	}
	for file, names := range map[string][]string{"tail-load.svg": {probingOurs, plainP2C}, "tail-new.svg": {"what it can do", probingOurs}} {
		text, lines := readSVG(t, filepath.Join(folder, file))
		if lines != len(names) || slices.ContainsFunc(names, func(name string) bool { return !strings.Contains(text, name) }) {
			t.Errorf("%s: %d lines, %q, want those of %q", file, lines, text, names)
		}
	}
	if err := writePlots(t.TempDir(), nil); err != nil {
		t.Errorf("without rows: %v", err)
	}
}

// readSVG gives all text, and how many lines there are.
func readSVG(t *testing.T, file string) (text string, lines int) {
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for d := xml.NewDecoder(f); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return text, lines
		}
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		switch token := token.(type) {
		case xml.CharData:
			text += string(token)
		case xml.StartElement:
			if token.Name.Local == "polyline" {
				lines++
			}
		}
	}
}
