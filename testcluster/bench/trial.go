package main

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

const mostGoroutines = 50 // of a member at the most, about

// trial is what clusters of each system go through, one at a time.
type trial struct {
	what    string
	systems []system
	outside int                                                    // members that measure adds by itself
	weighed bool                                                   // the last cluster is: nothing may be left of those before
	measure func(o options, g *group, f *figures, last bool) error // last of the runs
}

// bench does it at each size. Files do not run out: package os raises the limit.
func (t trial) bench(o options) (rows []Row, err error) {
	reserveGoroutines(mostGoroutines * slices.Max(o.sizes))
	for _, n := range o.sizes {
		some, failed := t.at(o, n)
		rows, err = append(rows, some...), errors.Join(err, failed)
	}
	return rows, err
}

// at lets the systems take turns, so that what else happens on the host meets all of them. One that cannot be measured is
// left out from then on.
func (t trial) at(o options, n int) (rows []Row, err error) {
	var all []*figures
	for _, s := range t.systems {
		all = append(all, newFigures(t.what, s, n))
	}
	for run := range o.runs {
		for _, f := range all {
			if f.err == nil {
				f.err = t.run(o, f, run == o.runs-1)
			}
		}
	}
	for _, f := range all {
		rows = append(rows, f.rows()...)
		if f.err != nil {
			err = errors.Join(err, fmt.Errorf("%s, n=%d: %w", f.name, n, f.err))
		}
	}
	return rows, err
}

// run starts a cluster, measures and ends it.
func (t trial) run(o options, f *figures, last bool) error {
	if last && t.weighed {
		time.Sleep(o.aftermath)
	}
	g, err := startGroup(f.system, f.n-t.outside)
	if err != nil {
		return err
	}
	o.say("%s: %s, n=%d: joined in %v", t.what, f.name, f.n, g.joined)
	return errors.Join(t.measure(o, g, f, last), g.close())
}
