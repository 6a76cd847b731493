package main

import (
	"errors"
	"math/rand/v2"
	"slices"
	"time"
)

const (
	metricRestart = "restart"           // until the last of the others knows
	metricUnseen  = "restart, not seen" // members that did not know when it was given up

	restartPatience = 90 * time.Second
	mostRestart     = 1 // seconds
)

// benchRestart measures once those that take most of a minute, or for ever.
func benchRestart(o options) ([]Row, error) {
	rows, err := trial{what: "heal", systems: systems(sealed, unsealed), measure: restart}.bench(o)
	o.runs, o.restarts = 1, 1
	some, failed := trial{what: "heal", systems: systems(bare, serfs), measure: restart}.bench(o)
	return append(rows, some...), errors.Join(err, failed)
}

// restart ends members, each drawn by lot, and starts them anew.
func restart(o options, g *group, f *figures, _ bool) error {
	time.Sleep(o.calm)
	for range o.restarts {
		o.pause()
		took, unseen, err := g.restart(rand.IntN(len(g.members)), o.patience)
		if err != nil {
			return err
		}
		f.add(metricRestart, "s", took.Seconds())
		f.add(metricUnseen, "count", float64(unseen))
	}
	return nil
}

// restart ends member i as a kill would and starts another of its name, on another port. It gives how long that took until
// all others had its new address in their view: patience, if some did not.
func (g *group) restart(i int, patience time.Duration) (took time.Duration, unseen int, err error) {
	old := g.members[i]
	before := old.address()
	g.members = slices.Delete(g.members, i, i+1)
	if err := old.close(); err != nil {
		return 0, 0, err
	}
	spread := g.expect(news{member: old.name, before: before}, g.others(old.name))
	if err := g.add(old.name); err != nil {
		return 0, 0, err
	}
	durations, unseen := spread.await(patience)
	return latest(durations, unseen, patience), unseen, nil
}
