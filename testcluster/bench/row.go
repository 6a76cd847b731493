package main

import (
	"math"
	"slices"
	"time"
)

// Row is one figure. P50, P99 and Max are those of Runs measurements.
type Row struct {
	What     string  `json:"what"` // the bench
	System   string  `json:"system"`
	N        int     `json:"n"` // members, or transports where there is no cluster
	Metric   string  `json:"metric"`
	Unit     string  `json:"unit"`
	Runs     int     `json:"runs"`
	P50      float64 `json:"p50"`
	P99      float64 `json:"p99"`
	Max      float64 `json:"max"`
	Scenario string  `json:"scenario,omitempty"`
}

func (r Row) in(scenario string) Row {
	r.Scenario = scenario
	return r
}

// of fills in what was measured; samples must hold one at least.
func (r Row) of(samples ...float64) Row {
	r.Runs = len(samples)
	r.P50, r.P99, r.Max = percentile(samples, 50), percentile(samples, 99), percentile(samples, 100)
	return r
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// percentile is the least of the samples that p percent of them do not exceed (nearest rank).
func percentile(samples []float64, p float64) float64 {
	sorted := slices.Sorted(slices.Values(samples))
	rank := int(math.Ceil(p / 100 * float64(len(sorted))))
	return sorted[max(rank, 1)-1]
}
