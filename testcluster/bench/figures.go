package main

// figures gathers what was measured of one system at one size. Each metric makes one row, in the order of their first
// samples.
type figures struct {
	system
	what    string
	n       int
	order   []Row // without figures
	samples map[Row][]float64
	err     error // it could not be measured any further
}

func newFigures(what string, s system, n int) *figures {
	return &figures{system: s, what: what, n: n, samples: make(map[Row][]float64)}
}

func (f *figures) add(metric, unit string, samples ...float64) { f.addIn("", metric, unit, samples...) }

func (f *figures) addIn(scenario, metric, unit string, samples ...float64) {
	key := Row{What: f.what, System: f.name, N: f.n, Metric: metric, Unit: unit, Scenario: scenario}
	if f.samples[key] == nil {
		f.order = append(f.order, key)
	}
	f.samples[key] = append(f.samples[key], samples...)
}

func (f *figures) rows() (rows []Row) {
	for _, key := range f.order {
		rows = append(rows, key.of(f.samples[key]...))
	}
	return rows
}
