package main

import (
	_ "embed"
	"fmt"
	"html/template"
	"math"
	"os"
	"slices"
)

// chart is a picture of lines over numbers.
type chart struct {
	Title, X, Y string
	XTicks      []float64
	XUnit       string // after each
	Lines       []line
	YTicks      []float64 // from 0 on; made by write
}

// line is one of a chart. Its name is written at its end.
type line struct {
	Name   string
	Class  string // of the style sheet
	Points []point
	Label  float64 // y of the name; made by write
}

type point struct{ X, Y float64 }

// Pixels.
const (
	chartWidth, chartHeight = 760, 420
	plotLeft, plotRight     = 60, 560 // names are to the right
	plotTop, plotBottom     = 50, 370
	labelHeight             = 16

	mostTicks = 6 // above 0
)

//go:embed chart.svg.tmpl
var chartText string

var chartTemplate = template.Must(template.New("chart").Parse(chartText))

// write makes an SVG file.
func (c chart) write(file string) error {
	c.YTicks = ticksUpTo(c.highest())
	c.placeLabels()
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	if err := chartTemplate.Execute(out, c); err != nil {
		out.Close()
		return fmt.Errorf("%s: %w", file, err)
	}
	return out.Close()
}

func (c chart) highest() (y float64) {
	for _, l := range c.Lines {
		for _, p := range l.Points {
			y = max(y, p.Y)
		}
	}
	return y
}

// ticksUpTo gives round numbers, of which the last is not less than highest.
func ticksUpTo(highest float64) (ticks []float64) {
	power := math.Pow(10, math.Floor(math.Log10(max(highest, 1e-9))))
	step := power
	for _, part := range []float64{0.2, 0.25, 0.5, 1, 2} {
		if step = power * part; highest/step <= mostTicks {
			break
		}
	}
	for i := 0.0; i == 0 || ticks[len(ticks)-1] < highest; i++ {
		ticks = append(ticks, math.Round(i*step*1e9)/1e9) // 0.6, not 0.6000000000000001
	}
	return ticks
}

// placeLabels moves names that would be written over each other apart.
func (c chart) placeLabels() {
	slices.SortStableFunc(c.Lines, func(a, b line) int { return int(math.Copysign(1, b.last().Y-a.last().Y)) })
	next := math.Inf(-1)
	for i := range c.Lines {
		l := &c.Lines[i]
		l.Label = max(c.Down(l.last().Y), next)
		next = l.Label + labelHeight
	}
	for i, room := len(c.Lines)-1, float64(plotBottom); i >= 0 && c.Lines[i].Label > room; i-- {
		c.Lines[i].Label = room
		room -= labelHeight
	}
}

func (l line) last() point { return l.Points[len(l.Points)-1] }

// Across and Down give the pixels of a point.
func (c chart) Across(x float64) float64 {
	first, last := c.XTicks[0], c.XTicks[len(c.XTicks)-1]
	return math.Round(10*(plotLeft+(plotRight-plotLeft)*(x-first)/(last-first))) / 10
}

func (c chart) Down(y float64) float64 {
	return math.Round(10*(plotBottom-(plotBottom-plotTop)*y/c.YTicks[len(c.YTicks)-1])) / 10
}

// Way is what a polyline goes through.
func (c chart) Way(l line) (way string) {
	for _, p := range l.Points {
		way += fmt.Sprintf("%v,%v ", c.Across(p.X), c.Down(p.Y))
	}
	return way
}
