package main

import (
	"errors"
	"math"
	"os"
	"path/filepath"

	"github.com/grapevine-go/grapevine/testcluster/bench/sim"
)

// plotted are the contenders in pictures, where all would be too many.
var plotted = []line{
	{Name: probingOurs, Class: "ours"}, {Name: plainP2C, Class: "one"}, {Name: peakEWMA, Class: "two"},
	{Name: "grpc round_robin", Class: "three"}, {Name: grpcWRR, Class: "four"}, {Name: kratosP2C, Class: "five"},
}

// writePlots makes tail-load.svg and tail-new.svg of what there are rows for.
func writePlots(folder string, rows []Row) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	var err error
	for file, c := range map[string]chart{"tail-load.svg": loadChart(rows), "tail-new.svg": newOnesChart(rows)} {
		if len(c.Lines) > 0 {
			err = errors.Join(err, c.write(filepath.Join(folder, file)))
		}
	}
	return err
}

func loadChart(rows []Row) chart {
	c := chart{Title: "Latency by load: 50 backends of 4 workers, 50 clients", X: "load", XUnit: " %", Y: "p99, ms"}
	loads := map[float64]string{50: sim.At50, 60: sim.At60, 70: sim.At70, 80: sim.At80, 90: sim.At90, 95: sim.At95}
	c.XTicks = []float64{50, 60, 70, 80, 90, 95}
	return c.with(func(contender string, x float64) float64 { return p99Of(rows, loads[x], contender) })
}

// newOnesChart also shows the share that new ones could serve as fast as others do.
func newOnesChart(rows []Row) chart {
	c := chart{Title: "Share of a new backend while it warms up", X: "second of its life", Y: "share, 1 is that of all alike"}
	can := line{Name: "what it can do", Class: "can"}
	for second := range 10 {
		x := float64(second + 1)
		c.XTicks = append(c.XTicks, x)
		can.Points = append(can.Points, point{x, sim.NewShare(second)})
	}
	if c = c.with(func(contender string, x float64) float64 {
		return median(rows, inSecond(sim.Cold, int(x)-1), contender, metricNewOnes)
	}); len(c.Lines) > 0 {
		c.Lines = append(c.Lines, can)
	}
	return c
}

// with adds a line for each contender of which all points are known.
func (c chart) with(y func(contender string, x float64) float64) chart {
	for _, l := range plotted {
		sum := 0.0
		for _, x := range c.XTicks {
			l.Points = append(l.Points, point{x, y(l.Name, x)})
			sum += y(l.Name, x)
		}
		if !math.IsNaN(sum) {
			c.Lines = append(c.Lines, l)
		}
	}
	return c
}
