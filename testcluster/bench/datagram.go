package main

import (
	"errors"
	"fmt"
)

// benchDatagrams measures what a datagram costs from the call that sends it to the end of its handler, one after another.
func benchDatagrams(o options) (rows []Row, err error) {
	for _, scenario := range []struct {
		name string
		wrap func(network) network
	}{{"memory", newMemory().plug}, {"loopback", asIs}} {
		some, failed := datagramsOver(o, scenario.name, scenario.wrap)
		rows, err = append(rows, some...), errors.Join(err, failed)
	}
	return rows, err
}

func datagramsOver(o options, scenario string, wrap func(network) network) (rows []Row, err error) {
	pairs, err := newPairs(wrap)
	if err != nil {
		return nil, err
	}
	defer closePairs(pairs)
	for _, size := range []int{64, 1000} {
		message := payload(size)
		samples, err := inTurns(pairs, o.runs*o.batches, func(p *pair) (float64, error) {
			return p.oneByOne(p.send, message, o.datagrams)
		})
		if err != nil {
			return rows, fmt.Errorf("%s: %w", scenario, err)
		}
		rows = append(rows, datagramRows(samples, size, scenario)...)
	}
	return rows, nil
}

// datagramRows tells apart what sealing costs: by how much a pair that seals took longer than one that does not, turn by
// turn. Where that is small beside the rest, chance can make it negative.
func datagramRows(samples map[string][]float64, size int, scenario string) (rows []Row) {
	row := func(system, metric string) Row {
		return Row{What: "transport", System: system, N: 2, Metric: fmt.Sprintf("%s %d B", metric, size), Unit: "ns", Scenario: scenario}
	}
	for _, system := range []string{sealed, unsealed, keyed, bare} {
		rows = append(rows, row(system, "datagram").of(samples[system]...))
	}
	return append(rows,
		row(sealed, "sealing").of(differences(samples[sealed], samples[unsealed])...),
		row(keyed, "sealing").of(differences(samples[keyed], samples[bare])...))
}

func differences(a, b []float64) (d []float64) {
	for i := range a {
		d = append(d, a[i]-b[i])
	}
	return d
}
